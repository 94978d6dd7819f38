/// MeshCircuitBreaker on a proxy's clusters.
#pragma once

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;

namespace mesh_circuit_breaker {

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies);

}  // namespace mesh_circuit_breaker
}  // namespace policy
}  // namespace kumasim::cp
