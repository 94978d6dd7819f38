/// MeshHealthCheck on a proxy's outbound clusters.
#pragma once

#include <cstddef>
#include <map>

#include "reference-cp/xds/kri.hpp"

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;
struct ResourceRule;

namespace mesh_health_check {

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies);

/// On a zone egress: its clusters of MeshExternalServices, those of one mesh. Kuma goes through all of them for each of
/// them, and does so `times`: a cluster gets as many checks, up to a bound.
void apply_to_egress(ResourceSet& resources, const std::map<Kri, ResourceRule>& rules, std::size_t times);

}  // namespace mesh_health_check
}  // namespace policy
}  // namespace kumasim::cp
