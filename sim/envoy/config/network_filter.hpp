/// Compiles the network filters of a chain: HTTP connection manager, TCP proxy, RBAC, connection
/// limit, direct response.
#pragma once

#include "sim/envoy/config/listener.hpp"

namespace kumasim::sim::proxy {

Checked<NetworkFilter> compile_network_filter(const std::string& name, const ::google::protobuf::Any& config);

/// Whether it ends a chain; Envoy wants exactly the last filter to be such a one.
bool is_terminal(const NetworkFilter& filter);

}  // namespace kumasim::sim::proxy
