/// Listeners and filter chains.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/time.hpp"
#include "reference-cp/xds/endpoint.hpp"
#include "reference-cp/xds/wire.hpp"

namespace google::protobuf {
class Message;
}
namespace envoy::config::listener::v3 {
class FilterChain;
class Listener;
}  // namespace envoy::config::listener::v3

namespace kumasim::cp::envoy {

using Listener = ::envoy::config::listener::v3::Listener;
using ListenerPtr = std::unique_ptr<Listener>;
using FilterChain = ::envoy::config::listener::v3::FilterChain;

/// One share of the traffic of a listener or a route.
struct Split {
  std::string cluster;
  std::uint32_t weight = 1;
  bool external = false;
};

ListenerPtr inbound_listener(const std::string& name, const std::string& address, std::uint32_t port);
ListenerPtr outbound_listener(const std::string& name, const std::string& address, std::uint32_t port);
/// On a Unix socket.
ListenerPtr pipe_listener(const std::string& name, const std::string& path);

/// Connections reach it through the listener of the redirection only.
void not_bound(Listener& listener);
void tls_inspector(Listener& listener);
void tags(Listener& listener, const Tags& tags);

FilterChain& add_chain(Listener& listener);
void match_transport(FilterChain& chain, std::string_view transport, std::string_view alpn = {});
void add_filter(FilterChain& chain, std::string_view name, const google::protobuf::Message& config);

/// No split, no filter. Idle timeout: none where it is negative.
void tcp_proxy(FilterChain& chain, std::string_view stat_name, std::span<const Split> splits,
               Duration idle_timeout = Duration(-1));
/// In front of the other filters.
void kafka_broker(FilterChain& chain, std::string_view stat_name);

/// "/tmp/x" -> "/tmp/x.sock", cut to what fits a socket's path.
std::string socket_path(const std::string& workdir, const std::string& name);

}  // namespace kumasim::cp::envoy
