/// Logs of single routes: a listener's requests are told apart by the MeshHTTPRoute that they took.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "reference-cp/policy/mesh_access_log/logs.hpp"
#include "reference-cp/xds/kri.hpp"

namespace kumasim::cp::policy::mesh_access_log {

/// Routes with a conf of their own by the text of their identity, also those that log nothing. The text is Kuma's for
/// what it reads in the route's name: "..._rule0" for "..._rule_0", where names tell the rules of a route apart.
using RouteBackends = std::map<std::string, std::vector<Backend>>;
/// Of the routes of a listener that are named by an identity; `backends_of` answers nullopt for one without own conf.
RouteBackends route_backends(const ::envoy::config::listener::v3::Listener& listener,
                             const std::function<std::optional<std::vector<Backend>>(const Kri&)>& backends_of);

/// The log takes requests of this route only.
void only_for_route(AccessLog& log, const std::string& route);
/// The log takes requests of no route that has logs of its own.
void only_for_other_routes(AccessLog& log);

/// Routes with a conf of their own carry their identity, and a filter passes it on to the logs.
void mark_routes(::envoy::config::listener::v3::Listener& listener, const RouteBackends& routes);

}  // namespace kumasim::cp::policy::mesh_access_log
