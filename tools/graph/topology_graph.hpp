/// The picture of a scenario: services, the calls between them, faults and verdicts on them; drawn by Graphviz.
#pragma once

#include <string>

#include "kumasim/runtime/error.hpp"
#include "kumasim/scenario/report.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

enum class GraphFormat { dot, svg };

/// `run` adds traffic, faults and verdicts; null draws the topology and the planned faults alone. Ids in the SVG,
/// behind run_id() and a dash where there is a run: `service-NAME`, `process-NAME` of the control plane, `flow-FROM-TO`
/// and `xds-NAME` of edges; their classes: `service`, `control-plane`, `flow`, `xds`.
Result<std::string> draw_graph(const Scenario& scenario, const WorldRun* run, GraphFormat format);

}  // namespace kumasim::scenario
