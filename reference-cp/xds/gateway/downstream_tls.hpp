/// TLS between a gateway and its clients.
#pragma once

#include <string>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/gateway/listener.hpp"
#include "reference-cp/xds/generate/generation.hpp"

namespace kumasim::cp::gateway {

/// The chain takes TLS connections with the group's server name. It terminates them with the listener's certificates,
/// which become secrets, or passes them on as they are.
Result<> client_tls(generators::Generation& g, const HostGroup& group, const std::vector<std::string>& alpn,
                    envoy::FilterChain& chain);

/// The chain takes mutual TLS of proxies of any mesh. Fails where the mesh has none itself.
Result<> cross_mesh_tls(generators::Generation& g, envoy::FilterChain& chain);

}  // namespace kumasim::cp::gateway
