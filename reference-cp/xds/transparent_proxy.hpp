/// Whether traffic of an application is redirected into its proxy, and how.
#pragma once

#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

/// As the Envoy's metadata say, where the proxy is told there, else as the Dataplane says; nullopt: it is not.
std::optional<TransparentProxy> transparent_proxy_of(const Resource& dataplane, const NodeMetadata& metadata);

}  // namespace kumasim::cp
