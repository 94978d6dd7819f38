/// MeshAccessLog on a proxy's listeners.
#pragma once

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;

namespace mesh_access_log {

/// Adds a cluster for each OpenTelemetry collector too.
void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies);

}  // namespace mesh_access_log
}  // namespace policy
}  // namespace kumasim::cp
