/// Every policy, applied to one proxy's resources in one fixed order.
#pragma once

namespace kumasim::cp {

class ResourceSet;
class MeshView;
struct ProxyView;
struct GenerateOptions;

namespace policy {

/// Pure: what is added to or changed in `resources` is a function of the arguments.
/// REQUIRES: the generators of inbounds and of TrafficRoute outbounds have run.
void apply_all(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const GenerateOptions& options);

}  // namespace policy
}  // namespace kumasim::cp
