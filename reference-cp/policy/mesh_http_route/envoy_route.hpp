/// One match of a MeshHTTPRoute rule as routes of Envoy.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "reference-cp/policy/mesh_http_route/spec.hpp"
#include "reference-cp/xds/envoy/http.hpp"

namespace kumasim::cp::policy::mesh_http_route {

struct RouteSpec {
  std::string name;
  Match match;
  const std::vector<Filter>* filters = nullptr;
  std::vector<envoy::Split> splits;
};

/// The cluster that a mirror sends to, nullptr where it cannot be reached.
using ClusterOf = std::function<const std::string*(const BackendRef&)>;

/// Adds one route, or two for a path prefix: that path itself, and what is below it.
void add_routes(envoy::RouteConfiguration& configuration, const RouteSpec& route, const ClusterOf& cluster_of);

}  // namespace kumasim::cp::policy::mesh_http_route
