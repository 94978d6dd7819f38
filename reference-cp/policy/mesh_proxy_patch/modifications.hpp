/// Changes to a proxy's Envoy resources, as MeshProxyPatch and ProxyTemplate list them.
#pragma once

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {
class ResourceSet;

namespace policy::mesh_proxy_patch {

/// The entries of `appendModifications`, in their order. Fails with the first that cannot be done (text that is no
/// message, a patch of what is not there); the resources are of no use then.
Result<> apply_modifications(ResourceSet& resources, const nlohmann::json& modifications);

}  // namespace policy::mesh_proxy_patch
}  // namespace kumasim::cp
