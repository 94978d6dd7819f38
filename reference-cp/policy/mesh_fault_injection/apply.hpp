/// MeshFaultInjection on a proxy's inbound listeners.
#pragma once

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;

namespace mesh_fault_injection {

/// An inbound for which the legacy FaultInjection has a policy is left to that.
void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies);

}  // namespace mesh_fault_injection
}  // namespace policy
}  // namespace kumasim::cp
