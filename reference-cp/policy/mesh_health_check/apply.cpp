/// How MeshHealthCheck's conf becomes Envoy's active health checks.
#include "reference-cp/policy/mesh_health_check/apply.hpp"

#include <set>
#include <string>
#include <vector>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <fmt/format.h>

#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_health_check/spec.hpp"
#include "reference-cp/policy/rules.hpp"
#include "reference-cp/policy/targets.hpp"
#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/raw_config.hpp"
#include "reference-cp/xds/envoy/tags_header.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::mesh_health_check {
namespace {

using ::envoy::config::core::v3::HealthCheck;
using ::envoy::config::core::v3::HeaderValueOption;

/// Envoy takes a payload's text as hexadecimal digits.
std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

void set_header(HeaderValueOption& out, std::string_view name, std::string_view value) {
  out.mutable_header()->set_key(std::string(name));
  out.mutable_header()->set_value(std::string(value));
}

void configure(HealthCheck::TcpHealthCheck& out, const TcpProbe& probe) {
  if (probe.send) out.mutable_send()->set_text(hexadecimal(*probe.send));
  for (const std::string& block : probe.receive) out.add_receive()->set_text(hexadecimal(block));
}

void configure(HealthCheck::HttpHealthCheck& out, const HttpProbe& probe, std::string_view protocol,
               const std::string& tags) {
  out.set_path(probe.path);
  if (protocol == "http2") out.set_codec_client_type(::envoy::type::v3::HTTP2);
  // So that policies of the callee know whose probe it is.
  if (!tags.empty()) set_header(*out.add_request_headers_to_add(), envoy::tags_header, tags);
  for (const Header& header : probe.headers) {
    auto& added = *out.add_request_headers_to_add();
    set_header(added, header.name, header.value);
    if (!header.append) added.set_append_action(HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD);
  }
  for (std::uint32_t status : probe.expected_statuses) {
    auto& range = *out.add_expected_statuses();
    range.set_start(status);
    range.set_end(std::int64_t(status) + 1);
  }
}

template <class Probe>
bool on(const std::optional<Probe>& probe) {
  return probe && !probe->disabled;
}

/// The probe of the cluster's own protocol; over TCP where that one is there but switched off. False where there is
/// none.
bool choose_probe(HealthCheck& out, const Conf& conf, std::string_view protocol, const std::string& tags) {
  bool http = protocol == "http" || protocol == "http2", grpc = protocol == "grpc";
  if (http && on(conf.http)) {
    configure(*out.mutable_http_health_check(), *conf.http, protocol, tags);
  } else if (grpc && on(conf.grpc)) {
    out.mutable_grpc_health_check()->set_service_name(conf.grpc->service);
    out.mutable_grpc_health_check()->set_authority(conf.grpc->authority);
  } else if (on(conf.tcp) && (protocol == "tcp" || (http && conf.http) || (grpc && conf.grpc))) {
    configure(*out.mutable_tcp_health_check(), *conf.tcp);
  } else {
    return false;
  }
  return true;
}

void set_rhythm(HealthCheck& out, const Conf& conf) {
  envoy::set_duration(*out.mutable_interval(), conf.interval);
  envoy::set_duration(*out.mutable_timeout(), conf.timeout);
  out.mutable_unhealthy_threshold()->set_value(conf.unhealthy_threshold);
  out.mutable_healthy_threshold()->set_value(conf.healthy_threshold);
  if (conf.initial_jitter) envoy::set_duration(*out.mutable_initial_jitter(), *conf.initial_jitter);
  if (conf.interval_jitter) envoy::set_duration(*out.mutable_interval_jitter(), *conf.interval_jitter);
  out.set_interval_jitter_percent(conf.interval_jitter_percent);
  if (conf.no_traffic_interval) envoy::set_duration(*out.mutable_no_traffic_interval(), *conf.no_traffic_interval);
  if (conf.reuse_connection) out.mutable_reuse_connection()->set_value(*conf.reuse_connection);
  out.set_always_log_health_check_failures(conf.always_log_failures);
  if (conf.event_log_path) {
    auto& logger = *out.add_event_logger();
    logger.set_name("envoy.health_check.event_sinks.file");
    envoy::health_event_file_config(*conf.event_log_path, *logger.mutable_typed_config());
  }
}

void configure_panic(Cluster& cluster, const Conf& conf) {
  if (conf.healthy_panic_threshold)
    cluster.mutable_common_lb_config()->mutable_healthy_panic_threshold()->set_value(*conf.healthy_panic_threshold);
  if (!conf.fail_traffic_on_panic) return;
  auto& balancing = *cluster.mutable_common_lb_config();
  if (balancing.has_locality_weighted_lb_config()) return;  // such balancing has no refusal of traffic
  balancing.mutable_zone_aware_lb_config()->set_fail_traffic_on_panic(*conf.fail_traffic_on_panic);
}

void configure(Cluster& cluster, std::string_view protocol, const Conf& conf, const std::string& tags) {
  configure_panic(cluster, conf);
  HealthCheck check;
  if (!choose_probe(check, conf, protocol, tags)) return;
  set_rhythm(check, conf);
  *cluster.add_health_checks() = std::move(check);
}

/// The cluster's resource may be that of other clusters, too: all of them get the check. None for the outside.
void apply_to_resource(ResourceSet& resources, const Kri& id, const ResourceRules& rules, const std::string& tags) {
  if (id.empty() || id.type == "MeshExternalService") return;
  const ResourceRule* rule = find_rule(rules, id);
  if (!rule) return;
  Conf conf = Conf::from_json(rule->confs.front());
  for (EnvoyResource* each : service_resources(resources))
    if (auto* cluster = dynamic_cast<Cluster*>(each->message.get()); cluster && each->resource == id)
      configure(*cluster, each->protocol, conf, tags);
}

/// A cluster gets a check each time that a route leads to it: what the policies of the very listener, not of its port,
/// say of its service by name, and for a port of a Mesh*Service of that; besides those that all such clusters get.
void apply_to_gateway(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh,
                      const MatchedPolicies& policies, const std::string& tags) {
  for (const GatewayHosts& hosts : resources.gateway_hosts()) {
    auto selecting = policies.by_listener.find({proxy.address, hosts.port, hosts.hostname});
    if (selecting == policies.by_listener.end()) continue;
    const std::vector<Rule> to = to_rules(selecting->second, mesh);
    const ResourceRules to_resources = resource_rules(selecting->second, mesh);
    for (const std::string& name : hosts.clusters) {
      EnvoyResource* resource = resources.find(type_url::cluster, name);
      if (!resource || resource->origin != cp::Origin::gateway) continue;
      if (const Rule* rule = find_rule(to, {{"kuma.io/service", envoy::service_of_cluster(name)}}))
        configure(ResourceSet::as<Cluster>(*resource), hosts.http ? "http" : "tcp", Conf::from_json(rule->conf), tags);
      apply_to_resource(resources, resource->resource, to_resources, tags);
    }
  }
}

}  // namespace

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies) {
  if (policies.policies.empty()) return;
  std::string tags = envoy::tags_header_value(*proxy.dataplane);

  auto clusters = outbound_clusters(resources);
  std::set<std::string> services;
  for (const Outbound& outbound : proxy.outbounds)
    if (outbound.legacy()) services.insert(outbound.service());
  for (const std::string& service : services) {
    const Rule* rule = find_rule(policies.to, {{"kuma.io/service", service}});
    auto found = clusters.find(service);
    if (!rule || found == clusters.end()) continue;
    Conf conf = Conf::from_json(rule->conf);
    for (Cluster* cluster : found->second) configure(*cluster, mesh.protocol(service), conf, tags);
  }

  apply_to_gateway(resources, proxy, mesh, policies, tags);
  for (EnvoyResource* resource : service_resources(resources)) {
    auto* cluster = dynamic_cast<Cluster*>(resource->message.get());
    if (!cluster || resource->resource.type == "MeshExternalService") continue;  // those are reached through the egress
    if (const ResourceRule* rule = find_rule(policies.to_resources, resource->resource))
      configure(*cluster, resource->protocol, Conf::from_json(rule->confs.front()), tags);
  }
}

void apply_to_egress(ResourceSet& resources, const ResourceRules& rules, std::size_t times) {
  std::vector<EnvoyResource*> services = service_resources(resources);
  std::erase_if(services, [](EnvoyResource* each) { return !dynamic_cast<Cluster*>(each->message.get()); });
  for (EnvoyResource* each : services) {
    const ResourceRule* rule = find_rule(rules, each->resource);
    if (!rule) continue;
    Conf conf = Conf::from_json(rule->confs.front());
    for (std::size_t i = 0; i < services.size() * times; ++i)
      configure(ResourceSet::as<Cluster>(*each), each->protocol, conf, {});
  }
}

}  // namespace kumasim::cp::policy::mesh_health_check
