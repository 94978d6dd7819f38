/// The listener of an outbound, without what it does with connections.
#pragma once

#include "reference-cp/xds/envoy/listener.hpp"

namespace kumasim::cp {
struct Outbound;
struct ProxyView;

namespace policy {

/// Named after its address; not bound where connections are redirected to the proxy.
envoy::ListenerPtr outbound_listener(const ProxyView& proxy, const Outbound& outbound);

}  // namespace policy
}  // namespace kumasim::cp
