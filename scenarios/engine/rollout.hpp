/// What the control plane's diagnostics server says of its proxies: how to ask, and how to read the answer.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kumasim/scenario/observation.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

/// "/rollout?policy=...": of all proxies, and of the policies that the scenario's expectations name and that the
/// control plane of the zone holds; "" where there is but one.
std::string rollout_target(const Scenario& scenario, const std::string& zone = {});

/// What an answer says of the scenario's processes, each of which is the Dataplane of its name in its service's mesh;
/// nullopt for what is no such answer. `at` is left to the caller.
std::optional<Rollout> read_rollout(const std::string& body, const Scenario& scenario, const std::string& zone = {});

/// What all control planes say together; `answers` are by zone, "" being Global or the only one, of each replica one.
/// Replicas know what the proxies run, and the zones have, that are connected to them. What two zones say is put
/// together, and of a policy nothing is said where one of those that must hold it does not; Global says whether it and
/// the zones have all. nullopt where no zone answered, or not the only one.
std::optional<Rollout> of_control_planes(std::map<std::string, std::vector<Rollout>> answers, const Scenario& scenario);

/// The proxies that are connected to that process of a control plane, by its word.
void note_holders(const Rollout& said, const std::string& process,
                  std::map<std::string, std::set<std::string>>& holders);

/// The name of all replicas of a control plane is silent where all of them are.
void add_silent_replicas(const Scenario& scenario, std::set<std::string>& silent);

}  // namespace kumasim::scenario
