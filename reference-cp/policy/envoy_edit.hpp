/// Changes to Envoy messages that sit packed inside of listeners.
#pragma once

#include <functional>
#include <string_view>

namespace envoy::config::listener::v3 {
class FilterChain;
}
namespace envoy::extensions::filters::network::http_connection_manager::v3 {
class HttpConnectionManager;
}
namespace envoy::extensions::filters::network::tcp_proxy::v3 {
class TcpProxy;
}
namespace google::protobuf {
class Message;
}

namespace kumasim::cp::policy {

using Hcm = ::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;
using TcpProxy = ::envoy::extensions::filters::network::tcp_proxy::v3::TcpProxy;

/// Calls `change` on every HTTP connection manager of the chain and packs what it leaves.
void change_hcm(::envoy::config::listener::v3::FilterChain& chain, const std::function<void(Hcm&)>& change);
void change_tcp_proxy(::envoy::config::listener::v3::FilterChain& chain, const std::function<void(TcpProxy&)>& change);

bool has_http_filter(const Hcm& hcm, std::string_view name);
/// After all HTTP filters but the router; nothing where there is no router.
void insert_before_router(Hcm& hcm, std::string_view name, const google::protobuf::Message& config);
void insert_first(Hcm& hcm, std::string_view name, const google::protobuf::Message& config);

}  // namespace kumasim::cp::policy
