/// What the control plane's diagnostics server says of its proxies: how to ask, and how to read the answer.
#pragma once

#include <optional>
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

/// What replicas of one control plane say together: each knows what the proxies run, and the zones have, that are
/// connected to it. REQUIRES: one of them said something.
Rollout of_replicas(std::vector<Rollout> said);

/// Of all zones: what two say is put together, and of a policy nothing is said where one of those that must hold it
/// does not; `answers` are by zone, "" being Global, which says whether it and the zones have all. nullopt where no
/// zone answered.
std::optional<Rollout> joined(std::map<std::string, Rollout> answers, const Scenario& scenario);

}  // namespace kumasim::scenario
