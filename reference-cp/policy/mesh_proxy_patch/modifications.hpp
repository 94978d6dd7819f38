/// Changes to a proxy's Envoy resources, as MeshProxyPatch and ProxyTemplate list them.
#pragma once

#include <nlohmann/json.hpp>

namespace kumasim::cp {
class ResourceSet;

namespace policy::mesh_proxy_patch {

/// The entries of `appendModifications`, in their order. One that cannot be done (text that is no message, a patch of
/// what is not there) leaves its resource as it is; Kuma would keep all of the proxy's old configuration then.
void apply_modifications(ResourceSet& resources, const nlohmann::json& modifications);

}  // namespace policy::mesh_proxy_patch
}  // namespace kumasim::cp
