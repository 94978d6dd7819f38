/// MeshTrafficPermission on a proxy's inbound listeners.
#pragma once

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;
struct PlantedBugs;

namespace mesh_traffic_permission {

/// With mutual TLS on, every TLS filter chain of an inbound lets in exactly those whom the policies allow; nobody where
/// no policy selects the inbound, unless the mesh still uses the legacy TrafficPermission.
void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies,
           const PlantedBugs& bugs);

}  // namespace mesh_traffic_permission
}  // namespace policy
}  // namespace kumasim::cp
