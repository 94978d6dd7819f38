/// Changes to a proxy's Envoy resources, as MeshProxyPatch and ProxyTemplate list them.
#pragma once

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp::policy::mesh_proxy_patch {

/// The entries of `appendModifications`, in their order. Fails with the first that cannot be done (text that is no
/// message, a patch of what is not there); the resources are of no use then. Listeners that are added have the origin
/// `listeners`: Kuma tells the two policies apart by it.
Result<> apply_modifications(ResourceSet& resources, const nlohmann::json& modifications, Origin listeners);

}  // namespace kumasim::cp::policy::mesh_proxy_patch
