/// MeshTimeout on a proxy's listeners, clusters and routes.
#pragma once

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;

namespace mesh_timeout {

/// Also without any policy: then Kuma's defaults are set.
void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies);

}  // namespace mesh_timeout
}  // namespace policy
}  // namespace kumasim::cp
