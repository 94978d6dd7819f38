/// What a seed draws beside what a scenario fixes: how many instances run, how slow the links are, which kinds of
/// faults there are at all and which of them strike whom and when (Groce et al., "Swarm Testing", 2012).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kumasim/chaos/fault_kind.hpp"

namespace kumasim::chaos {

/// Processes that do the same: the instances of a service, or of one version of it.
struct Group {
  std::string service;
  std::string prefix;  // instances are PREFIX-0, PREFIX-1 and so on
  int instances = 1;
  int least = 1, most = 1;  // what may be drawn
};

/// One that the control plane keeps. `mesh` is "" for a Mesh.
struct Resource {
  std::string kind, mesh, name;
  bool operator==(const Resource&) const = default;
};

/// A fault of the scenario's own by which processes serve nobody for a time.
struct GivenFault {
  std::string kind;
  Duration from{}, to{};                    // it is within these
  std::vector<std::string> processes = {};  // that it may strike
  std::size_t at_once = 1;                  // so many of them
};

/// What there is to draw from.
struct Surface {
  std::string control_plane;  // the only one, or Global; the first replica of it
  std::vector<Group> groups;
  /// Two that talk: services, or a service and the control plane.
  std::vector<std::pair<std::string, std::string>> ways;
  std::vector<std::pair<std::string, std::string>> linked;  // ways whose delay the scenario itself fixes
  Duration begin{}, end{};                                  // no fault before, all are over by then
  std::vector<GivenFault> given = {};                       // beside which faults are drawn
  std::vector<std::string> zone_control_planes = {}, zone_proxies = {};
  /// Where the only one, or Global, is several: all of them.
  std::vector<std::string> replicas = {};
  /// Those of `zone_control_planes` that are several -> all of them.
  std::map<std::string, std::vector<std::string>> zone_replicas = {};
  std::vector<std::string> shared_stores = {};  // of all that are several
  std::vector<std::string> meshes = {};
  std::vector<Resource> resources = {};                         // that the scenario begins with
  std::vector<Resource> spare = {};                             // of these, those without which nobody may do more
  std::vector<Resource> changed = {};                           // that it changes, and that may be as they were before
  std::vector<std::pair<std::string, std::string>> loads = {};  // from whom to whom
  bool http = false;                                            // a service is called by HTTP
};

struct SwarmOptions {
  int pick_low = 0, pick_high = 3;     // how many faults
  std::vector<std::string> from = {};  // kinds; names of fault_kinds()
  /// Kinds that each seed has, where they can strike, and of which it draws every other fault.
  std::vector<std::string> prefer = {};
  bool subset = true;                  // a seed has some of the kinds only
  bool topology = true;                // instances and links are drawn as well
  Duration delay_low{}, delay_high{};  // of links, one direction
  bool recoverable = true;             // within the budget (budget.hpp)
};

struct DrawnFault {
  std::string kind;
  Duration at{};
  std::optional<Duration> lasts = {};
  std::string target = {};                             // a process; "" for a way
  std::pair<std::string, std::string> between = {};    // of a way
  std::map<std::string, std::string> parameters = {};  // as scenario files write them: "120ms", "0.5%", "37", "oneWay"
  std::string service = {};                            // all instances of it, or as many as `pick` says
  std::size_t pick = 0;                                // so many of `service`
  Resource resource = {};                              // its `mesh` alone: all of that
  std::pair<std::string, std::string> load = {};       // "" for all
  std::string shape = {};                              // of a partition among all
};

struct DrawnLink {
  std::pair<std::string, std::string> between;
  Duration low{}, high{};
};

struct Drawn {
  std::vector<std::string> kinds;        // that this seed has, whether they struck or not
  std::map<std::string, int> instances;  // prefix of a group -> instances, where they are not the scenario's
  std::vector<DrawnLink> links;
  std::vector<DrawnFault> faults;  // by time
};

/// One seed, one result. Every choice has a random stream of its own, so that a wider range of one does not move the
/// others. Fewer faults than picked come out where the budget has no room for more. REQUIRES: names of fault_kinds() in
/// `from`, low ends not above high ends.
Drawn draw(const Surface& surface, const SwarmOptions& options, std::uint64_t seed);

/// One fault more, for a run that goes on from `from` in another way: it begins soon after. `event` and `number` tell
/// apart what is drawn from one seed. Nothing where the budget has no room for any.
std::optional<DrawnFault> draw_more(const Surface& surface, const SwarmOptions& options, const Drawn& drawn,
                                    Duration from, std::uint64_t seed, std::string_view event, std::uint64_t number);

/// How many instances the group has in this drawing.
int instances_of(const Group& group, const Drawn& drawn);

}  // namespace kumasim::chaos
