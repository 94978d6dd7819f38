/// MeshHTTPRoute: the outbounds of HTTP services, also where no policy speaks of them.
#pragma once

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;

namespace mesh_http_route {

/// Adds a listener for every outbound to an HTTP service (and for one whose rules route to such), with the clusters and
/// endpoints that they use. Does nothing where the mesh has TrafficRoutes and the proxy no MeshHTTPRoute.
void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies);

}  // namespace mesh_http_route
}  // namespace policy
}  // namespace kumasim::cp
