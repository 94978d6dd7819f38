/// Who takes a connection or a request by a configuration as it stands, without a connection, a request or chance.
#pragma once

#include <cstdint>
#include <string>

#include "sim/envoy/config/cluster.hpp"
#include "sim/envoy/config/listener.hpp"
#include "sim/envoy/config/route.hpp"
#include "sim/envoy/config/state.hpp"

namespace kumasim::sim::proxy {

enum class Standing : std::uint8_t { in_use, warming_too };

/// The listener for connections to this address, or the one that takes redirected ones; null for none.
const Listener* find_listener(const ConfigState& config, const std::string& host, std::uint32_t port, bool outbound,
                              Standing standing);
/// Null where they have not come.
const RouteConfig* routes_of(const ConfigState& config, const HttpConnectionManager& manager);
/// The route that takes a request; null for none. A route for a part of the requests takes them.
const Route* find_route(const VirtualHost& host, const std::string& authority, const std::string& method,
                        const std::string& path, const Headers& headers);
/// The TLS settings for an endpoint; null: plain.
const TlsContext* socket_for(const Cluster& cluster, const Endpoint& endpoint);

}  // namespace kumasim::sim::proxy
