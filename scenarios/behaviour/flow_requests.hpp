/// Requests that stand for all others: one for each match that a route of the resources asks for.
#pragma once

#include <set>
#include <string>

#include "scenarios/behaviour/flow.hpp"

namespace kumasim::scenario {

/// GET / and what MeshHTTPRoutes and TrafficRoutes of the mesh tell apart in requests to the destination; a regular
/// expression by an example. `scenario`, where there is one, adds the paths of its calls.
std::set<FlowRequest> requests_to(const Deployment& deployment, const std::string& mesh, const std::string& destination,
                                  const Scenario* scenario);

}  // namespace kumasim::scenario
