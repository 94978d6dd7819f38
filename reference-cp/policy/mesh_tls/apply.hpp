/// MeshTLS: TLS versions, ciphers, and whether inbounds take plaintext as well; the TLS of inbounds with a workload
/// identity, where no policy is needed.
#pragma once

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;

namespace mesh_tls {

/// REQUIRES: no policy that changes filters of inbounds has been applied: plaintext chains are made from those of
/// mutual TLS.
void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies);

}  // namespace mesh_tls
}  // namespace policy
}  // namespace kumasim::cp
