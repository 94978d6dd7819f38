/// What a seed makes of a scenario under a profile: an ordinary scenario file, with nothing of it left to the swarm.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/chaos/swarm.hpp"
#include "kumasim/scenario/scenario.hpp"
#include "scenarios/explore/profile.hpp"

namespace kumasim::scenario {

/// A scenario as it was loaded and as its file has it, `{file: PATH}` replaced by what stands there.
struct Source {
  Scenario scenario;
  nlohmann::json document;
};

struct Expanded {
  nlohmann::json document;
  chaos::Drawn drawn;
  std::vector<std::string> lines;  // what was drawn and what is judged, for people
};

/// What there is to draw from, by the profile.
chaos::Surface surface_of(const Source& source, const Profile& profile);
chaos::SwarmOptions options_of(const Scenario& scenario, const Profile& profile);

/// One seed, one document, which load_scenario accepts unless the scenario's own limits of instances contradict its
/// faults. Under a profile that draws faults the expectations change (judged.hpp).
Expanded expand(const Source& source, const Profile& profile, std::uint64_t seed);

/// The same with one more fault, which strikes soon after the first event of that kind; in the run of the seed that was
/// `at`. Several, by `number`. Nothing where the budget has no room for it.
std::optional<Expanded> branched(const Source& source, const Profile& profile, const Expanded& expanded,
                                 std::uint64_t seed, std::string_view event, Duration at, std::uint64_t number);

}  // namespace kumasim::scenario
