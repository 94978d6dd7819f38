/// Tracers and their collectors.
#include "reference-cp/policy/mesh_trace/tracing.hpp"

#include <charconv>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/trace/v3/datadog.pb.h>
#include <envoy/config/trace/v3/opentelemetry.pb.h>
#include <envoy/config/trace/v3/zipkin.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/model/rules/urls.hpp"
#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::policy::mesh_trace {
namespace {

using ::envoy::config::core::v3::TrafficDirection;
using ::envoy::config::listener::v3::Listener;
namespace trace = ::envoy::config::trace::v3;
using EnvoyTracing = Hcm::Tracing;

/// A port that is not written is 0 to Kuma, whatever the scheme.
CollectorAddress address_of(const UrlParts& url) {
  CollectorAddress address;
  bool bracketed = url.host.starts_with('[') && url.host.ends_with(']');
  address.host = bracketed ? url.host.substr(1, url.host.size() - 2) : url.host;
  std::from_chars(url.port.data(), url.port.data() + url.port.size(), address.port);
  return address;
}

std::string cluster_name_of(const char* provider, const char* short_name, const std::string& target,
                            const ProxyView& proxy) {
  if (proxy.unified_naming) return std::string("system_meshtrace_") + short_name + "_" + clean_name(target);
  return std::string("meshtrace:") + provider;
}

/// Datadog tells the traffic of a service by direction and peer, where that is wanted.
std::string datadog_service(const Datadog& datadog, const std::string& service, TrafficDirection direction,
                            const std::string& destination) {
  if (datadog.split_service && direction == ::envoy::config::core::v3::INBOUND) return service + "_INBOUND";
  if (datadog.split_service && direction == ::envoy::config::core::v3::OUTBOUND)
    return service + "_OUTBOUND_" + destination;
  return service;
}

void set_provider(EnvoyTracing& out, const char* name, const google::protobuf::Message& config) {
  out.mutable_provider()->set_name(name);
  pack(config, *out.mutable_provider()->mutable_typed_config());
}

void set_sampling_and_tags(EnvoyTracing& out, const Conf& conf) {
  if (conf.overall) out.mutable_overall_sampling()->set_value(*conf.overall);
  if (conf.client) out.mutable_client_sampling()->set_value(*conf.client);
  if (conf.random) out.mutable_random_sampling()->set_value(*conf.random);
  for (const CustomTag& tag : conf.tags) {
    auto& added = *out.add_custom_tags();
    added.set_tag(tag.name);
    if (tag.header) {
      added.mutable_request_header()->set_name(*tag.header);
      added.mutable_request_header()->set_default_value(tag.value);
    } else {
      added.mutable_literal()->set_value(tag.value);
    }
  }
}

}  // namespace

Tracing::Tracing(Conf conf, const ProxyView& proxy)
    : conf_(std::move(conf)), service_(proxy.service), is_gateway_(proxy.gateway_type == "BUILTIN") {
  if (const auto* zipkin = std::get_if<Zipkin>(&conf_.backend)) {
    UrlParts url = split_url(zipkin->url).value_or(UrlParts{});
    address_ = address_of(url);
    options_.tls = url.scheme == "https";
    path_ = url.path;
    authority_ = url.port.empty() ? url.host : url.host + ":" + url.port;
    cluster_name_ = cluster_name_of("zipkin", "zipkin", zipkin->url, proxy);
  } else if (const auto* datadog = std::get_if<Datadog>(&conf_.backend)) {
    address_ = address_of(split_url(datadog->url).value_or(UrlParts{}));
    cluster_name_ = cluster_name_of("datadog", "datadog", datadog->url, proxy);
  } else {
    const std::string& endpoint = std::get<OpenTelemetry>(conf_.backend).endpoint;
    address_ = otlp_address(endpoint);
    options_.http2 = true;
    cluster_name_ = cluster_name_of("opentelemetry", "otel", endpoint, proxy);
  }
}

void Tracing::configure(Listener& listener, const std::string& destination) const {
  EnvoyTracing tracing;
  tracing.mutable_spawn_upstream_span()->set_value(is_gateway_);
  set_sampling_and_tags(tracing, conf_);
  if (const auto* zipkin = std::get_if<Zipkin>(&conf_.backend)) {
    trace::ZipkinConfig config;
    config.set_collector_cluster(cluster_name_);
    config.set_collector_endpoint(path_);
    config.set_collector_hostname(authority_);
    config.set_trace_id_128bit(zipkin->trace_id_128bit);
    config.set_collector_endpoint_version(zipkin->protobuf ? trace::ZipkinConfig::HTTP_PROTO
                                                           : trace::ZipkinConfig::HTTP_JSON);
    config.mutable_shared_span_context()->set_value(zipkin->shared_span_context);
    config.set_split_spans_for_request(is_gateway_);
    set_provider(tracing, "envoy.tracers.zipkin", config);
  } else if (const auto* datadog = std::get_if<Datadog>(&conf_.backend)) {
    trace::DatadogConfig config;
    config.set_collector_cluster(cluster_name_);
    config.set_service_name(datadog_service(*datadog, service_, listener.traffic_direction(), destination));
    set_provider(tracing, "envoy.tracers.datadog", config);
  } else {
    trace::OpenTelemetryConfig config;
    config.set_service_name(service_);
    config.mutable_grpc_service()->mutable_envoy_grpc()->set_cluster_name(cluster_name_);
    set_provider(tracing, "envoy.tracers.opentelemetry", config);
  }
  for (auto& chain : *listener.mutable_filter_chains())
    change_hcm(chain, [&](Hcm& hcm) { *hcm.mutable_tracing() = tracing; });
}

std::unique_ptr<::envoy::config::cluster::v3::Cluster> Tracing::cluster(const ProxyView& proxy) const {
  return collector_cluster(cluster_name_, address_, proxy, options_);
}

}  // namespace kumasim::cp::policy::mesh_trace
