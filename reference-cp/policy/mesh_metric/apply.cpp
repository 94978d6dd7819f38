/// How MeshMetric's backends become listeners and clusters.
#include "reference-cp/policy/mesh_metric/apply.hpp"

#include <algorithm>
#include <string>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include <fmt/format.h>

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_metric/document.hpp"
#include "reference-cp/policy/single_conf.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/dynamic_config.hpp"
#include "reference-cp/xds/envoy/http.hpp"
#include "reference-cp/xds/envoy/tls.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp::policy::mesh_metric {
namespace {

using Json = nlohmann::json;

constexpr std::uint32_t otel_port_default = 4317;

/// Lower-case letters, digits, '-' and '_' only.
std::string system_name(const char* what, std::string backend) {
  auto is_kept = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  std::ranges::replace_if(backend, [&](char c) { return !is_kept(c); }, '-');
  return fmt::format("system_meshmetric_{}_{}", what, backend);
}

/// Every request, with another path where `rewrite` is not empty.
envoy::HttpManager forwarder(const ProxyView& proxy, const std::string& listener, const std::string& prefix,
                             const std::string& cluster, const std::string& rewrite) {
  envoy::HttpManager manager = envoy::http_manager(listener, envoy::loopback_addresses(), proxy.metadata.ipv6_enabled);
  envoy::RouteConfiguration& configuration = envoy::routes(manager, "", listener);
  configuration.mutable_validate_clusters()->set_value(false);
  envoy::Route& route = envoy::add_route(configuration);
  route.mutable_match()->set_prefix(prefix);
  route.mutable_route()->set_cluster(cluster);
  route.mutable_route()->set_prefix_rewrite(rewrite);
  return manager;
}

void add_cluster(ResourceSet& resources, const ProxyView& proxy, const std::string& name, Endpoint endpoint, bool http2,
                 cp::Origin origin) {
  endpoint.weight = 0;
  envoy::ClusterPtr cluster = envoy::make_cluster(name);
  if (http2) envoy::http2(*cluster);
  envoy::fixed_endpoints(*cluster, {&endpoint, 1}, proxy.address.find(':') != std::string::npos);
  resources.add(name, std::move(cluster), origin);
}

/// A listener in front of kuma-dp, which gathers the metrics.
void add_prometheus(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const Json& backend) {
  std::string client = optional_text_at(backend, "clientId").value_or("default-backend");
  std::string unified = system_name("prometheus", client);
  std::string name = proxy.unified_naming ? unified : "_kuma:metrics:prometheus:" + client;
  std::string cluster = proxy.unified_naming ? unified : "_kuma:metrics:hijacker";
  Endpoint kuma_dp;
  kuma_dp.unix_path = envoy::socket_path(proxy.metadata.workdir, fmt::format("kuma-mh-{}-{}", proxy.name, mesh.name()));
  add_cluster(resources, proxy, cluster, kuma_dp, false, cp::Origin::prometheus);

  envoy::ListenerPtr listener = envoy::inbound_listener(name, proxy.address, number_at(backend, "port"));
  auto serve = [&](envoy::FilterChain& chain) {
    envoy::finish(chain, forwarder(proxy, name, text_at(backend, "path"), cluster, "/meshmetric"));
  };
  const NodeMetadata& metadata = proxy.metadata;
  envoy::FilterChain& first = envoy::add_chain(*listener);
  serve(first);
  if (text_at(backend, "tls", "mode") == "ProvidedTLS" && !metadata.metrics_cert_path.empty() &&
      !metadata.metrics_key_path.empty()) {
    envoy::match_transport(first, "tls");
    envoy::FilterChain& secured = envoy::add_chain(*listener);
    serve(secured);
    envoy::file_tls(*secured.mutable_transport_socket(), metadata.metrics_cert_path, metadata.metrics_key_path);
  }
  resources.add(name, std::move(listener), cp::Origin::prometheus);
}

/// kuma-dp pushes metrics into a socket; Envoy carries them to the collector.
void add_otel(ResourceSet& resources, const ProxyView& proxy, const Json& backend) {
  std::string endpoint = text_at(backend, "endpoint"), backend_name = otel_name(endpoint);
  std::string name =
      proxy.unified_naming ? system_name("otel", backend_name) : "_kuma:metrics:opentelemetry:" + backend_name;
  Endpoint collector;
  std::size_t colon = endpoint.find(':');
  collector.address = endpoint.substr(0, colon);
  collector.port =
      colon == std::string::npos ? otel_port_default : number_at(Json{{"port", endpoint.substr(colon + 1)}}, "port");
  add_cluster(resources, proxy, name, collector, true, cp::Origin::open_telemetry);

  envoy::ListenerPtr listener = envoy::pipe_listener(name, otel_socket(proxy, endpoint));
  envoy::HttpManager manager = forwarder(proxy, name, "/", name, "");
  envoy::grpc_stats(manager);
  envoy::finish(envoy::add_chain(*listener), std::move(manager));
  resources.add(name, std::move(listener), cp::Origin::open_telemetry);
}

/// What the Mesh's own metrics made.
void remove_prometheus(ResourceSet& resources) {
  for (std::string_view type : {type_url::cluster, type_url::listener}) {
    std::vector<std::string> names;
    for (const auto& [name, resource] : resources.of(type))
      if (resource.origin == cp::Origin::prometheus) names.push_back(name);
    for (const std::string& name : names) resources.remove(type, name);
  }
}

}  // namespace

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies) {
  Json conf = single_conf(policies);
  const Json& backends = list_at(conf, "backends");
  if (backends.empty()) return;
  remove_prometheus(resources);
  for (const Json& backend : backends) {
    std::string type = text_at(backend, "type");
    if (const Json& prometheus = at(backend, "prometheus"); type == "Prometheus" && prometheus.is_object())
      add_prometheus(resources, proxy, mesh, prometheus);
    if (const Json& otel = at(backend, "openTelemetry"); type == "OpenTelemetry" && otel.is_object())
      add_otel(resources, proxy, otel);
  }
  envoy::add_dynamic_config(resources, proxy, "/meshmetric", document(conf, proxy, mesh));
}

}  // namespace kumasim::cp::policy::mesh_metric
