/// One routing table entry as a route of Envoy.
#pragma once

#include <string>

#include "reference-cp/xds/gateway/clusters.hpp"
#include "reference-cp/xds/gateway/listener.hpp"

namespace envoy::config::route::v3 {
class Route;
}

namespace kumasim::cp {
class MeshView;

namespace gateway {

struct RouteContext {
  const MeshView& mesh;
  const Clusters& clusters;
  std::string tags_header;  ///< told to destinations in the mesh
};

/// Match, action, filters and policies.
void fill_route(const RouteContext& context, const Listener& listener, const Host& host, const Entry& entry,
                ::envoy::config::route::v3::Route& route);

}  // namespace gateway
}  // namespace kumasim::cp
