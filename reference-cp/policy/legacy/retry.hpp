/// The legacy Retry (Kuma docs, "Retry").
#pragma once

#include <string_view>

namespace envoy::config::listener::v3 {
class FilterChain;
}
namespace envoy::extensions::filters::network::http_connection_manager::v3 {
class HttpConnectionManager;
}

namespace kumasim::cp {
struct Resource;

namespace policy::legacy::retry {

/// Requests: the virtual hosts of the manager's routes retry as the policy has it for `protocol` (http or grpc).
void configure(const Resource& policy, std::string_view protocol,
               ::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager& manager);

/// Connections: attempts of the chain's TCP proxy.
void configure(const Resource& policy, ::envoy::config::listener::v3::FilterChain& chain);

}  // namespace policy::legacy::retry
}  // namespace kumasim::cp
