/// MeshRateLimit on a proxy's inbound listeners.
#pragma once

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;

namespace mesh_rate_limit {

/// An inbound for which the legacy RateLimit has a policy is left to that.
void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies);

}  // namespace mesh_rate_limit
}  // namespace policy
}  // namespace kumasim::cp
