/// How much an exploration draws.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kumasim::scenario {

struct Profile {
  std::string name;
  std::string text;     // for people
  bool faults = true;   // beside those of the file
  bool swarm = true;    // a subset of the kinds, other numbers of instances, other links
  int times_picks = 1;  // of Swarm::pick
  int times_duration = 1;
  std::vector<std::string> prefer = {};  // kinds of faults of which more are drawn
};

const std::vector<Profile>& profiles();
/// Null for an unknown name.
const Profile* find_profile(std::string_view name);

}  // namespace kumasim::scenario
