/// The (legacy) Prometheus endpoint of a mesh with metrics: a listener in front of kuma-dp, which gathers the metrics.
#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include <fmt/format.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/http.hpp"
#include "reference-cp/xds/envoy/tls.hpp"
#include "reference-cp/xds/generate/generation.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/metrics.hpp"
#include "reference-cp/xds/reachable.hpp"

namespace kumasim::cp::generators {
namespace {

constexpr char listener_name[] = "kuma:metrics:prometheus";
constexpr char cluster_name[] = "kuma:metrics:hijacker";

bool is_taken(const Generation& g, std::uint32_t port) {
  for (const Inbound& inbound : g.proxy.inbounds)
    if ((inbound.port == port && addresses_overlap(inbound.address, g.proxy.address)) ||
        (inbound.service_port == port && addresses_overlap(inbound.service_address, g.proxy.address)))
      return true;
  for (const Outbound& outbound : g.proxy.outbounds)
    if (outbound.port == port && addresses_overlap(outbound.address, g.proxy.address)) return true;
  return false;
}

/// Envoy takes `usedonly` without a value only, so this is no ordinary query.
std::string stats_path(const nlohmann::json& conf) {
  const nlohmann::json& envoy = at(conf, "envoy");
  if (!envoy.is_object()) return "/";
  std::string query = text_at(envoy, "filterRegex").empty() ? "" : "filter=" + text_at(envoy, "filterRegex") + "&";
  if (flag_at(envoy, "usedOnly")) query += "usedonly";
  return query.empty() ? "/" : "/?" + query;
}

void serve(const Generation& g, const nlohmann::json& conf, envoy::FilterChain& chain) {
  std::string path = text_at(conf, "path");
  envoy::HttpManager manager =
      envoy::http_manager(listener_name, envoy::loopback_addresses(), g.proxy.metadata.ipv6_enabled);
  envoy::RouteConfiguration& configuration = envoy::routes(manager, "", listener_name);
  configuration.mutable_validate_clusters()->set_value(false);
  envoy::Route& route = envoy::add_route(configuration);
  route.mutable_match()->set_prefix(path.empty() ? "/metrics" : path);
  route.mutable_route()->set_cluster(cluster_name);
  route.mutable_route()->set_prefix_rewrite(stats_path(conf));
  envoy::finish(chain, std::move(manager));
}

enum class Security { none, mesh, provided };

Security security(const Generation& g, const nlohmann::json& conf) {
  const nlohmann::json& tls = at(conf, "tls");
  if (!tls.is_object())
    return g.mesh.mtls_enabled() && !flag_at(conf, "skipMTLS") ? Security::mesh : Security::none;
  std::string mode = text_at(tls, "mode");
  if (mode.empty() || mode == "activeMTLSBackend") return g.mesh.mtls_enabled() ? Security::mesh : Security::none;
  bool paths = !g.proxy.metadata.metrics_cert_path.empty() && !g.proxy.metadata.metrics_key_path.empty();
  return mode == "providedTLS" && paths ? Security::provided : Security::none;
}

}  // namespace

void prometheus(Generation& g) {
  const nlohmann::json conf = prometheus_conf(g.mesh.mesh(), *g.proxy.dataplane);
  const std::uint32_t port = prometheus_port(conf);
  if (port == 0 || g.proxy.metadata.admin_port == 0 || is_taken(g, port)) return;

  Endpoint kuma_dp;
  kuma_dp.weight = 0;
  kuma_dp.unix_path =
      envoy::socket_path(g.proxy.metadata.workdir, fmt::format("kuma-mh-{}-{}", g.proxy.name, g.mesh.name()));
  envoy::ClusterPtr cluster = envoy::make_cluster(cluster_name);
  envoy::fixed_endpoints(*cluster, {&kuma_dp, 1});
  g.add(std::move(cluster), Origin::prometheus);

  envoy::ListenerPtr listener = envoy::inbound_listener(listener_name, g.proxy.address, port);
  Security security = generators::security(g, conf);
  envoy::FilterChain& plain = envoy::add_chain(*listener);
  serve(g, conf, plain);
  if (security == Security::mesh) {
    // A proxy that scrapes itself (beside a Prometheus server) does so in plaintext.
    auto& source = *plain.mutable_filter_chain_match()->add_source_prefix_ranges();
    source.set_address_prefix(g.proxy.address);
    source.mutable_prefix_len()->set_value(g.proxy.address.find(':') == std::string::npos ? 32 : 128);
    envoy::FilterChain& chain = envoy::add_chain(*listener);
    serve(g, conf, chain);
    envoy::downstream_mesh_tls(*chain.mutable_transport_socket(), {g.mesh.name(), g.proxy.unified_naming});
  } else if (security == Security::provided) {
    envoy::match_transport(plain, "tls");
    envoy::FilterChain& chain = envoy::add_chain(*listener);
    serve(g, conf, chain);
    envoy::file_tls(*chain.mutable_transport_socket(), g.proxy.metadata.metrics_cert_path,
                    g.proxy.metadata.metrics_key_path);
  }
  g.add(std::move(listener), Origin::prometheus);
}

}  // namespace kumasim::cp::generators
