/// MeshMetric: where the metrics of a proxy and its applications go.
#pragma once

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;

namespace mesh_metric {

/// In place of what the Mesh says of metrics.
void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies);

}  // namespace mesh_metric
}  // namespace policy
}  // namespace kumasim::cp
