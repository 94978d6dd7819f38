/// How MeshCircuitBreaker's conf becomes Envoy's circuit breakers and outlier detection.
#include "reference-cp/policy/mesh_circuit_breaker/apply.hpp"

#include <cmath>
#include <set>
#include <string>

#include <envoy/config/cluster/v3/cluster.pb.h>

#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/policy/gateway_targets.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_circuit_breaker/spec.hpp"
#include "reference-cp/policy/targets.hpp"
#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::mesh_circuit_breaker {
namespace {

using EnvoyDetection = ::envoy::config::cluster::v3::OutlierDetection;

void configure(Cluster& cluster, const ConnectionLimits& limits) {
  cluster.mutable_circuit_breakers()->Clear();
  auto& thresholds = *cluster.mutable_circuit_breakers()->add_thresholds();
  thresholds.set_track_remaining(true);
  if (limits.connection_pools) thresholds.mutable_max_connection_pools()->set_value(*limits.connection_pools);
  if (limits.connections) thresholds.mutable_max_connections()->set_value(*limits.connections);
  if (limits.pending_requests) thresholds.mutable_max_pending_requests()->set_value(*limits.pending_requests);
  if (limits.retries) thresholds.mutable_max_retries()->set_value(*limits.retries);
  if (limits.requests) thresholds.mutable_max_requests()->set_value(*limits.requests);
}

/// Envoy enforces with a percentage: all, or none where Kuma's detector is absent.
constexpr std::uint32_t enforced = 100, off = 0;

void set_rates(EnvoyDetection& out, const OutlierDetection& conf) {
  out.mutable_enforcing_success_rate()->set_value(conf.success_rate ? enforced : off);
  out.mutable_enforcing_local_origin_success_rate()->set_value(conf.success_rate ? enforced : off);
  if (const auto& rate = conf.success_rate) {
    if (rate->hosts_min) out.mutable_success_rate_minimum_hosts()->set_value(*rate->hosts_min);
    if (rate->request_volume) out.mutable_success_rate_request_volume()->set_value(*rate->request_volume);
    if (rate->standard_deviation_factor)  // in thousandths, cut off; a little more, as 1.9 has no exact binary form
      out.mutable_success_rate_stdev_factor()->set_value(
          std::uint32_t(std::floor(*rate->standard_deviation_factor * 1000 + 1e-6)));
  }
  out.mutable_enforcing_failure_percentage()->set_value(conf.failure_percentage ? enforced : off);
  out.mutable_enforcing_failure_percentage_local_origin()->set_value(conf.failure_percentage ? enforced : off);
  if (const auto& failures = conf.failure_percentage) {
    if (failures->hosts_min) out.mutable_failure_percentage_minimum_hosts()->set_value(*failures->hosts_min);
    if (failures->request_volume) out.mutable_failure_percentage_request_volume()->set_value(*failures->request_volume);
    if (failures->threshold) out.mutable_failure_percentage_threshold()->set_value(*failures->threshold);
  }
}

void configure(Cluster& cluster, const OutlierDetection& conf) {
  if (conf.disabled) return;
  EnvoyDetection out;
  if (conf.interval) envoy::set_duration(*out.mutable_interval(), *conf.interval);
  if (conf.base_ejection_time) envoy::set_duration(*out.mutable_base_ejection_time(), *conf.base_ejection_time);
  if (conf.split_external_and_local_errors)
    out.set_split_external_local_origin_errors(*conf.split_external_and_local_errors);
  if (conf.ejection_percent_max) out.mutable_max_ejection_percent()->set_value(*conf.ejection_percent_max);

  out.mutable_enforcing_consecutive_5xx()->set_value(conf.total_failures ? enforced : off);
  if (conf.total_failures) out.mutable_consecutive_5xx()->set_value(*conf.total_failures);
  out.mutable_enforcing_consecutive_local_origin_failure()->set_value(conf.local_origin_failures ? enforced : off);
  if (conf.local_origin_failures)
    out.mutable_consecutive_local_origin_failure()->set_value(*conf.local_origin_failures);
  out.mutable_enforcing_consecutive_gateway_failure()->set_value(conf.gateway_failures ? enforced : off);
  if (conf.gateway_failures) out.mutable_consecutive_gateway_failure()->set_value(*conf.gateway_failures);
  if (conf.has_detectors) set_rates(out, conf);  // without any detector Kuma leaves Envoy's defaults for the rates
  *cluster.mutable_outlier_detection() = std::move(out);

  if (conf.healthy_panic_threshold)
    cluster.mutable_common_lb_config()->mutable_healthy_panic_threshold()->set_value(*conf.healthy_panic_threshold);
}

void configure(Cluster& cluster, const nlohmann::json& json) {
  Conf conf = Conf::from_json(json);
  if (conf.connection_limits) configure(cluster, *conf.connection_limits);
  if (conf.outlier_detection) configure(cluster, *conf.outlier_detection);
}

}  // namespace

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies) {
  for (const Inbound& inbound : proxy.inbounds)
    if (Cluster* cluster = inbound_cluster(resources, inbound))
      configure(*cluster, policies.inbound_conf({inbound.address, inbound.port}));

  auto clusters = outbound_clusters(resources);
  std::set<std::string> services;
  for (const Outbound& outbound : proxy.outbounds)
    if (outbound.legacy()) services.insert(outbound.service());
  for (const std::string& service : services) {
    const Rule* rule = find_rule(policies.to, {{"kuma.io/service", service}});
    auto found = clusters.find(service);
    if (!rule || found == clusters.end()) continue;
    for (Cluster* cluster : found->second) configure(*cluster, rule->conf);
  }

  for (const GatewayTarget& target : gateway_targets(resources, mesh, policies)) {
    if (!target.to) continue;
    for (const auto& [service, cluster] : target.clusters)
      if (const Rule* rule = find_rule(*target.to, {{"kuma.io/service", service}})) configure(*cluster, rule->conf);
  }

  for (EnvoyResource* resource : service_resources(resources)) {
    auto* cluster = dynamic_cast<Cluster*>(resource->message.get());
    if (!cluster || resource->resource.type == "MeshExternalService") continue;  // those are reached through the egress
    if (const ResourceRule* rule = find_rule(policies.to_resources, resource->resource))
      configure(*cluster, rule->confs.front());
  }
}

void apply_to_egress(ResourceSet& resources, const ResourceRules& rules) {
  for (EnvoyResource* resource : service_resources(resources))
    if (auto* cluster = dynamic_cast<Cluster*>(resource->message.get()))
      if (const ResourceRule* rule = find_rule(rules, resource->resource)) configure(*cluster, rule->confs.front());
}

}  // namespace kumasim::cp::policy::mesh_circuit_breaker
