/// MeshProxyPatch: changes to the finished Envoy resources of a proxy.
#pragma once

namespace kumasim::cp {
class ResourceSet;

namespace policy {
struct MatchedPolicies;

namespace mesh_proxy_patch {

/// REQUIRES: every other policy has been applied.
void apply(ResourceSet& resources, const MatchedPolicies& policies);

}  // namespace mesh_proxy_patch
}  // namespace policy
}  // namespace kumasim::cp
