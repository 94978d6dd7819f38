/// Documents that the control plane hands to kuma-dp through Envoy: a listener on a Unix socket answers with them.
#pragma once

#include <string>

namespace kumasim::cp {
class ResourceSet;
struct ProxyView;
}  // namespace kumasim::cp

namespace kumasim::cp::envoy {

/// Serves `body` under `path` ("/dns"), or 304 to who has it already. All documents of a proxy share one listener.
void add_dynamic_config(ResourceSet& resources, const ProxyView& proxy, const std::string& path,
                        const std::string& body);

}  // namespace kumasim::cp::envoy
