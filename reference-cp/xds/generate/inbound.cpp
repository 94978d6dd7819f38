/// For each inbound a listener that takes mutual TLS where the mesh wants it, and a cluster that is the application.
#include <fmt/format.h>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/policy/legacy/fault_injection.hpp"
#include "reference-cp/policy/legacy/rate_limit.hpp"
#include "reference-cp/policy/legacy/traffic_trace.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/http.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/tls.hpp"
#include "reference-cp/xds/generate/generation.hpp"
#include "reference-cp/xds/protocol.hpp"

namespace kumasim::cp::generators {
namespace {

constexpr Duration idle_timeout = std::chrono::hours(2);
constexpr Duration stream_idle_timeout = std::chrono::hours(1);

std::string local_name(const Generation& g, const Inbound& inbound) {
  return g.proxy.unified_naming ? envoy::unified::inbound(inbound.service_port)
                                : envoy::local_cluster_name(inbound.service_port);
}

envoy::ClusterPtr local_cluster(const Generation& g, const Inbound& inbound, const std::string& protocol) {
  envoy::ClusterPtr cluster = envoy::make_cluster(local_name(g, inbound));
  Endpoint application;
  application.address = inbound.service_address;
  application.port = inbound.service_port;
  application.weight = 0;
  envoy::fixed_endpoints(*cluster, {&application, 1});
  envoy::inbound_timeouts(*cluster, protocol);
  bool loopback = inbound.service_address == "127.0.0.1" || inbound.service_address == "::1";
  // From this source address the connection is not redirected into the proxy again.
  if (g.transparent() && !loopback)
    envoy::bind_to(*cluster, inbound.service_address.find(':') == std::string::npos ? "127.0.0.6" : "::6");
  if (protocol == "http") envoy::http1(*cluster);
  if (protocol == "http2" || protocol == "grpc") envoy::http2(*cluster);
  return cluster;
}

void http_filters(const Generation& g, const Inbound& inbound, const std::string& protocol, envoy::FilterChain& chain) {
  std::string cluster = local_name(g, inbound);
  envoy::HttpManager manager =
      envoy::http_manager(cluster, g.mesh.settings().internal_addresses, g.proxy.metadata.ipv6_enabled);
  envoy::forward_client_certificate(manager);
  if (protocol == "grpc") envoy::grpc_stats(manager);
  policy::legacy::fault_injection::add(manager, inbound, g.mesh);
  policy::legacy::rate_limit::add(manager, inbound, g.mesh);
  bool unified = g.proxy.unified_naming;
  policy::legacy::TrafficTrace(g.proxy, g.mesh).trace_inbound(unified ? cluster : inbound.service, manager);
  envoy::RouteConfiguration& routes =
      envoy::routes(manager, unified ? cluster : "inbound:" + inbound.service, unified ? cluster : inbound.service);
  routes.mutable_validate_clusters()->set_value(false);
  routes.add_request_headers_to_remove(std::string(envoy::tags_header));
  auto add_route = [&]() -> envoy::Route& {
    envoy::Route& route = envoy::add_route(routes);
    route.mutable_match()->set_prefix("/");
    route.mutable_route()->set_cluster(cluster);
    route.mutable_route()->mutable_timeout();
    return route;
  };
  policy::legacy::rate_limit::add_routes(inbound, g.mesh, add_route);
  add_route();
  envoy::http_timeouts(manager, idle_timeout, stream_idle_timeout);
  envoy::finish(chain, std::move(manager));
}

void fill(const Generation& g, const Inbound& inbound, const std::string& protocol, envoy::FilterChain& chain) {
  if (is_http_based(protocol)) return http_filters(g, inbound, protocol, chain);
  envoy::Split to{local_name(g, inbound)};
  envoy::tcp_proxy(chain, to.cluster, {&to, 1}, idle_timeout);
  if (protocol == "kafka") envoy::kafka_broker(chain, to.cluster);
}

/// A chain for clients of the mesh: mutual TLS. Whom it lets in is the policies' to say.
void fill_mesh(Generation& g, const Inbound& inbound, const std::string& protocol, envoy::FilterChain& chain) {
  fill(g, inbound, protocol, chain);
  if (!g.mesh.mtls_enabled()) return;
  envoy::downstream_mesh_tls(*chain.mutable_transport_socket(), {g.mesh.name(), g.proxy.unified_naming});
}

envoy::ListenerPtr listener(Generation& g, const Inbound& inbound, const std::string& protocol) {
  bool unified = g.proxy.unified_naming;
  std::string name = unified ? local_name(g, inbound) : envoy::inbound_listener_name(inbound.address, inbound.port);
  envoy::ListenerPtr listener = envoy::inbound_listener(name, inbound.address, inbound.port);
  if (unified) listener->set_stat_prefix(name);
  if (g.transparent()) envoy::not_bound(*listener);
  envoy::tags(*listener, inbound.tags);
  if (!g.mesh.mtls_permissive()) {
    fill_mesh(g, inbound, protocol, envoy::add_chain(*listener));
    return listener;
  }
  // The mesh's own TLS is told from that of an application by its protocol (ALPN).
  envoy::tls_inspector(*listener);
  for (const char* transport : {"raw_buffer", "tls"}) {
    envoy::FilterChain& chain = envoy::add_chain(*listener);
    envoy::match_transport(chain, transport);
    fill(g, inbound, protocol, chain);
  }
  envoy::FilterChain& chain = envoy::add_chain(*listener);
  envoy::match_transport(chain, "tls", envoy::mesh_alpn);
  fill_mesh(g, inbound, protocol, chain);
  return listener;
}

}  // namespace

Result<> inbounds(Generation& g) {
  for (const Inbound& inbound : g.proxy.inbounds) {
    if (inbound.serviceless) continue;
    std::string protocol = inbound.protocol.empty() ? "tcp" : parse_protocol(inbound.protocol);
    if (protocol == "tls" || protocol == "mysql")
      return fail(Code::unsupported, fmt::format("inbound {}: unsupported protocol {}", inbound.port, protocol));
    g.add(local_cluster(g, inbound, protocol), Origin::inbound);
    g.add(listener(g, inbound, protocol), Origin::inbound);
  }
  return {};
}

}  // namespace kumasim::cp::generators
