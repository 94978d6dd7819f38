/// The picture of a scenario: services, the calls between them, faults and verdicts on them; drawn by Graphviz.
#pragma once

#include <string>

#include "kumasim/runtime/error.hpp"
#include "kumasim/scenario/report.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

enum class GraphFormat { dot, svg };

/// `run` adds traffic, faults and verdicts; null draws the topology and the planned faults alone.
Result<std::string> draw_graph(const Scenario& scenario, const WorldRun* run, GraphFormat format);

}  // namespace kumasim::scenario
