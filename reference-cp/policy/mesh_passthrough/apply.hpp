/// MeshPassthrough: which traffic to the outside the proxy lets pass.
#pragma once

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;

namespace mesh_passthrough {

/// Only where traffic is redirected into the proxy; a builtin gateway has none.
void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies);

}  // namespace mesh_passthrough
}  // namespace policy
}  // namespace kumasim::cp
