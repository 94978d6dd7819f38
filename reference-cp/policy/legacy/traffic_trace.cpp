/// How TrafficTrace becomes tracing of Envoy.
#include "reference-cp/policy/legacy/traffic_trace.hpp"

#include <charconv>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/trace/v3/datadog.pb.h>
#include <envoy/config/trace/v3/zipkin.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/model/rules/backend_conf.hpp"
#include "reference-cp/model/rules/urls.hpp"
#include "reference-cp/policy/collector.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/legacy/mesh_backend.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/resource_set.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::policy::legacy {
namespace {

namespace trace_api = ::envoy::config::trace::v3;

UrlParts url_of(const nlohmann::json& backend) {
  return split_url(text_at(backend, "conf", "url")).value_or(UrlParts{});
}

bool is_zipkin(const nlohmann::json& backend) { return text_at(backend, "type") == "zipkin"; }

trace_api::ZipkinConfig zipkin(const nlohmann::json& backend, const std::string& cluster) {
  UrlParts url = url_of(backend);
  const nlohmann::json& conf = at(backend, "conf");
  trace_api::ZipkinConfig config;
  config.set_collector_cluster(cluster);
  config.set_collector_endpoint(url.path);
  config.set_collector_hostname(url.port.empty() ? url.host : url.host + ":" + url.port);
  config.set_trace_id_128bit(flag_at(conf, "traceId128bit"));
  config.set_collector_endpoint_version(text_at(conf, "apiVersion") == "httpProto" ? trace_api::ZipkinConfig::HTTP_PROTO
                                                                                  : trace_api::ZipkinConfig::HTTP_JSON);
  if (const auto& shared = at(conf, "sharedSpanContext"); shared.is_boolean())
    config.mutable_shared_span_context()->set_value(shared.get<bool>());
  return config;
}

CollectorAddress address_of(const nlohmann::json& backend) {
  const nlohmann::json& conf = at(backend, "conf");
  if (!is_zipkin(backend)) return {text_at(conf, "address"), number_at(conf, "port")};
  UrlParts url = url_of(backend);
  CollectorAddress address;
  bool bracketed = url.host.starts_with('[') && url.host.ends_with(']');
  address.host = bracketed ? url.host.substr(1, url.host.size() - 2) : url.host;
  std::from_chars(url.port.data(), url.port.data() + url.port.size(), address.port);
  return address;
}

}  // namespace

TrafficTrace::TrafficTrace(const ProxyView& proxy, const MeshView& mesh) : proxy_(proxy) {
  if (ResourcePtr policy = proxy_policy("TrafficTrace", proxy, mesh)) backend_ = mesh_backend(mesh, "tracing", *policy);
  if (!on()) return;
  BackendConf conf = read_backend_conf(is_zipkin(backend_) ? "zipkin" : "datadog", at(backend_, "conf"));
  // The rules of a Mesh refuse what cannot be read; Kuma would give the proxy nothing at all.
  if (conf.error.empty()) {
    backend_["conf"] = std::move(conf.value);
  } else {
    backend_ = nullptr;
  }
}

std::string TrafficTrace::cluster_name() const { return "tracing:" + text_at(backend_, "name"); }

bool TrafficTrace::splits_services() const { return flag_at(backend_, "conf", "splitService"); }

void TrafficTrace::trace_inbound(const std::string& service, HttpManager& manager) const {
  trace(splits_services() ? service + "_INBOUND" : service, manager);
}

void TrafficTrace::trace_outbound(const std::string& destination, HttpManager& manager) const {
  trace(splits_services() ? proxy_.service + "_OUTBOUND_" + destination : proxy_.service, manager);
}

void TrafficTrace::trace_gateway(HttpManager& manager) const {
  trace(proxy_.service, manager);
  if (on()) manager.mutable_tracing()->mutable_spawn_upstream_span()->set_value(true);
}

void TrafficTrace::trace(const std::string& service, HttpManager& manager) const {
  if (!on()) return;
  auto& tracing = *manager.mutable_tracing();
  tracing.mutable_spawn_upstream_span()->set_value(false);
  if (auto sampling = decimal_at(backend_, "sampling")) tracing.mutable_overall_sampling()->set_value(*sampling);
  auto& provider = *tracing.mutable_provider();
  if (is_zipkin(backend_)) {
    provider.set_name("envoy.tracers.zipkin");
    pack(zipkin(backend_, cluster_name()), *provider.mutable_typed_config());
  } else {
    trace_api::DatadogConfig config;
    config.set_collector_cluster(cluster_name());
    config.set_service_name(service);
    provider.set_name("envoy.tracers.datadog");
    pack(config, *provider.mutable_typed_config());
  }
}

void TrafficTrace::add_cluster(ResourceSet& resources) const {
  if (!on()) return;
  bool tls = is_zipkin(backend_) && url_of(backend_).scheme == "https";
  resources.add(cluster_name(), collector_cluster(cluster_name(), address_of(backend_), proxy_, {.tls = tls}),
                cp::Origin::tracing);
}

}  // namespace kumasim::cp::policy::legacy
