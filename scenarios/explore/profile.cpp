/// The four profiles.
#include "scenarios/explore/profile.hpp"

#include <algorithm>

namespace kumasim::scenario {

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> all{
      {.name = "smoke", .text = "the scenario as it stands", .faults = false, .swarm = false},
      {.name = "lite", .text = "one or two more faults of any kind", .swarm = false},
      {.name = "swarm", .text = "some kinds of faults, numbers of instances, delays of links"},
      {.name = "soak",
       .text = "as swarm, four times as long with four times as many faults",
       .times_picks = 4,
       .times_duration = 4}};
  return all;
}

const Profile* find_profile(std::string_view name) {
  auto found = std::ranges::find(profiles(), name, &Profile::name);
  return found == profiles().end() ? nullptr : &*found;
}

}  // namespace kumasim::scenario
