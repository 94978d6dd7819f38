/// Every policy, applied to one proxy's resources in one fixed order.
#pragma once

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {

class ResourceSet;
class MeshView;
struct ProxyView;
struct GenerateOptions;

namespace policy {

/// Pure: what is added to or changed in `resources` is a function of the arguments.
/// Fails where the proxy has to be left with what it has; `resources` are of no use then.
/// REQUIRES: the generators of inbounds and of TrafficRoute outbounds have run.
Result<> apply_all(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh,
                   const GenerateOptions& options);

}  // namespace policy
}  // namespace kumasim::cp
