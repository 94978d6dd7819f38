/// MeshTrace on a proxy's listeners.
#pragma once

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;

namespace mesh_trace {

/// Adds a cluster for the collector too.
void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies);

}  // namespace mesh_trace
}  // namespace policy
}  // namespace kumasim::cp
