#include "reference-cp/xds/envoy/listener.hpp"

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>

#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/raw_config.hpp"

namespace kumasim::cp::envoy {
namespace {

ListenerPtr listener(const std::string& name, const std::string& address, std::uint32_t port) {
  auto result = std::make_unique<Listener>();
  result->set_name(name);
  auto& socket = *result->mutable_address()->mutable_socket_address();
  socket.set_address(address);
  socket.set_port_value(port);
  return result;
}

}  // namespace

ListenerPtr inbound_listener(const std::string& name, const std::string& address, std::uint32_t port) {
  ListenerPtr result = listener(name, address, port);
  result->set_traffic_direction(::envoy::config::core::v3::INBOUND);
  result->mutable_enable_reuse_port()->set_value(false);
  return result;
}

ListenerPtr outbound_listener(const std::string& name, const std::string& address, std::uint32_t port) {
  ListenerPtr result = listener(name, address, port);
  result->set_traffic_direction(::envoy::config::core::v3::OUTBOUND);
  return result;
}

ListenerPtr pipe_listener(const std::string& name, const std::string& path) {
  auto result = std::make_unique<Listener>();
  result->set_name(name);
  result->mutable_address()->mutable_pipe()->set_path(path);
  return result;
}

void not_bound(Listener& listener) { listener.mutable_bind_to_port()->set_value(false); }

void tls_inspector(Listener& listener) {
  auto& filter = *listener.add_listener_filters();
  filter.set_name("envoy.filters.listener.tls_inspector");
  pack(::envoy::extensions::filters::listener::tls_inspector::v3::TlsInspector(), *filter.mutable_typed_config());
}

void tags(Listener& listener, const Tags& tags) { listener_tags(*listener.mutable_metadata(), tags); }

FilterChain& add_chain(Listener& listener) { return *listener.add_filter_chains(); }

void match_transport(FilterChain& chain, std::string_view transport, std::string_view alpn) {
  auto& match = *chain.mutable_filter_chain_match();
  match.set_transport_protocol(std::string(transport));
  if (!alpn.empty()) match.add_application_protocols(std::string(alpn));
}

void add_filter(FilterChain& chain, std::string_view name, const google::protobuf::Message& config) {
  auto& filter = *chain.add_filters();
  filter.set_name(std::string(name));
  pack(config, *filter.mutable_typed_config());
}

void tcp_proxy(FilterChain& chain, std::string_view stat_name, std::span<const Split> splits, Duration idle_timeout) {
  if (splits.empty()) return;
  ::envoy::extensions::filters::network::tcp_proxy::v3::TcpProxy proxy;
  proxy.set_stat_prefix(sanitize_metric(stat_name));
  if (splits.size() == 1) {
    proxy.set_cluster(splits.front().cluster);
  } else {
    for (const Split& split : splits) {
      auto& cluster = *proxy.mutable_weighted_clusters()->add_clusters();
      cluster.set_name(split.cluster);
      cluster.set_weight(split.weight);
    }
  }
  if (idle_timeout >= Duration::zero()) set_duration(*proxy.mutable_idle_timeout(), idle_timeout);
  add_filter(chain, "envoy.filters.network.tcp_proxy", proxy);
}

void kafka_broker(FilterChain& chain, std::string_view stat_name) {
  auto& filter = *chain.add_filters();
  filter.set_name("envoy.filters.network.kafka_broker");
  kafka_broker_config(sanitize_metric(stat_name), *filter.mutable_typed_config());
  for (int i = chain.filters_size() - 1; i > 0; --i) chain.mutable_filters()->SwapElements(i, i - 1);
}

std::string socket_path(const std::string& workdir, const std::string& name) {
  constexpr std::size_t path_bytes_max = 98;
  return (workdir + "/" + name).substr(0, path_bytes_max) + ".sock";
}

}  // namespace kumasim::cp::envoy
