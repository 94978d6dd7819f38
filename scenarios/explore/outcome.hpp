/// What an exploration keeps of a run.
#pragma once

#include <string>
#include <vector>

#include "kumasim/chaos/results.hpp"
#include "kumasim/scenario/report.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

/// Problems first, then broken expectations, each in the order of the report.
std::vector<chaos::Failure> failures_of(const WorldRun& run);

/// Names of what a run may reach beside its `sometimes` expectations.
const std::vector<std::string>& run_probes();

/// All but `kinds`, `drawn` and `wall_ms`, which the run does not know.
chaos::SeedResult outcome_of(const Scenario& scenario, const WorldRun& run);

}  // namespace kumasim::scenario
