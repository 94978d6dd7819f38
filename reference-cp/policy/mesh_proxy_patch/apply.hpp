/// MeshProxyPatch: changes to the finished Envoy resources of a proxy.
#pragma once

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {
class ResourceSet;

namespace policy {
struct MatchedPolicies;

namespace mesh_proxy_patch {

/// Fails where Kuma would leave the proxy with what it has, as a change cannot be done. REQUIRES: every other policy
/// has been applied.
Result<> apply(ResourceSet& resources, const MatchedPolicies& policies);

}  // namespace mesh_proxy_patch
}  // namespace policy
}  // namespace kumasim::cp
