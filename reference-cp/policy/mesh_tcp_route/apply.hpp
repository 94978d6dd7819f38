/// MeshTCPRoute: the outbounds of all other services, also where no policy speaks of them.
#pragma once

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;

namespace mesh_tcp_route {

/// As mesh_http_route::apply; an HTTP service has a TCP listener only if a MeshTCPRoute and no MeshHTTPRoute speaks of
/// it.
void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies,
           const MatchedPolicies& http_routes);

}  // namespace mesh_tcp_route
}  // namespace policy
}  // namespace kumasim::cp
