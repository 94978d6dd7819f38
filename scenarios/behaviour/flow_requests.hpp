/// Requests that stand for all others: one for each match that a route of the resources asks for.
#pragma once

#include <set>
#include <string>

#include "scenarios/behaviour/flow.hpp"

namespace kumasim::scenario {

struct FlowRequests {
  std::set<FlowRequest> looked_at;
  std::size_t left_out = 0;  ///< beyond the most that are looked at
};

/// GET / and what MeshHTTPRoutes and TrafficRoutes of the mesh tell apart in requests to the destination; a regular
/// expression by an example. Beside each those that nearly are it: a longer path, another method, without what it asks
/// of headers and parameters, with the headers that must be absent. `scenario`, where there is one, adds the paths of
/// its calls.
FlowRequests requests_to(const Deployment& deployment, const std::string& mesh, const std::string& destination,
                         const Scenario* scenario);

/// The same of what MeshHTTPRoutes for all destinations and MeshGatewayRoutes tell apart at a gateway's door, where
/// their hostnames are for it.
FlowRequests requests_at(const Deployment& deployment, const std::string& mesh, const Door& door);

}  // namespace kumasim::scenario
