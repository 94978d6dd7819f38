/// How MeshHealthCheck's conf becomes Envoy's active health checks.
#include "reference-cp/policy/mesh_health_check/apply.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
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

/// Kuma adds the check of an egress' cluster once for each service outside and mesh, that of a gateway's cluster once
/// for each entry of its routes that leads to the service. That grows with the square of what is written, and equal
/// checks tell no more than one; so, unlike with Kuma, a cluster gets no more than these of them.
constexpr int most_checks = 16;
/// Of these on a gateway by entries that lead to another cluster of the same resource: the others are for its own.
constexpr int most_by_others = 8;

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

/// `most`: checks that the cluster may have after it.
void configure(Cluster& cluster, std::string_view protocol, const Conf& conf, const std::string& tags,
               int most = std::numeric_limits<int>::max()) {
  configure_panic(cluster, conf);
  HealthCheck check;
  if (cluster.health_checks_size() >= most || !choose_probe(check, conf, protocol, tags)) return;
  set_rhythm(check, conf);
  *cluster.add_health_checks() = std::move(check);
}

using ByResource = std::map<Kri, std::vector<EnvoyResource*>>;

/// Clusters that stand for something in the mesh: what is outside is reached through the egress.
ByResource clusters_by_resource(ResourceSet& resources) {
  ByResource found;
  for (EnvoyResource* each : service_resources(resources))
    if (each->resource.type != "MeshExternalService" && dynamic_cast<Cluster*>(each->message.get()))
      found[each->resource].push_back(each);
  return found;
}

/// What the policies of a gateway's listener say, each service being looked up once.
class ListenerConfs {
 public:
  ListenerConfs(const std::vector<PolicyPtr>& policies, const MeshView& mesh)
      : to_(to_rules(policies, mesh)), to_resources_(resource_rules(policies, mesh)) {}

  /// nullptr where they say nothing.
  const Conf* of_service(const std::string& service) {
    auto [held, added] = services_.try_emplace(service);
    const Rule* rule = added ? find_rule(to_, {{"kuma.io/service", service}}) : nullptr;
    if (rule) held->second = Conf::from_json(rule->conf);
    return held->second ? &*held->second : nullptr;
  }
  const Conf* of_resource(const Kri& id) {
    auto [held, added] = resources_.try_emplace(id);
    const ResourceRule* rule = added ? find_rule(to_resources_, id) : nullptr;
    if (rule) held->second = Conf::from_json(rule->confs.front());
    return held->second ? &*held->second : nullptr;
  }

 private:
  std::vector<Rule> to_;
  ResourceRules to_resources_;
  std::map<std::string, std::optional<Conf>> services_;
  std::map<Kri, std::optional<Conf>> resources_;
};

/// A cluster gets a check each time that a route leads to it: what the policies of the very listener, not of its port,
/// say of its service by name, and for a port of a Mesh*Service of that; besides those that all such clusters get. The
/// check for a resource is for all clusters that stand for it.
void apply_to_gateway(ResourceSet& resources, const ByResource& by_resource, const ProxyView& proxy,
                      const MeshView& mesh, const MatchedPolicies& policies, const std::string& tags) {
  std::map<std::vector<PolicyPtr>, ListenerConfs> known;
  for (const GatewayHosts& hosts : resources.gateway_hosts()) {
    auto selecting = policies.by_listener.find({proxy.address, hosts.port, hosts.hostname});
    if (selecting == policies.by_listener.end()) continue;
    ListenerConfs& confs = known.try_emplace(selecting->second, selecting->second, mesh).first->second;
    std::map<Kri, int> times;
    for (const std::string& name : hosts.clusters) {
      EnvoyResource* resource = resources.find(type_url::cluster, name);
      if (!resource || resource->origin != cp::Origin::gateway) continue;
      auto& cluster = ResourceSet::as<Cluster>(*resource);
      if (const Conf* conf = confs.of_service(envoy::service_of_cluster(name)))
        configure(cluster, hosts.http ? "http" : "tcp", *conf, tags, most_checks);
      auto same = by_resource.find(resource->resource);
      const Conf* conf = same == by_resource.end() ? nullptr : confs.of_resource(resource->resource);
      if (!conf) continue;
      configure(cluster, resource->protocol, *conf, tags, most_checks);
      if (++times[resource->resource] > most_by_others) continue;  // the others are full, or get none
      for (EnvoyResource* other : same->second)
        if (other != resource)
          configure(ResourceSet::as<Cluster>(*other), other->protocol, *conf, tags, most_by_others);
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

  const ByResource by_resource = clusters_by_resource(resources);
  apply_to_gateway(resources, by_resource, proxy, mesh, policies, tags);
  for (const auto& [id, of_resource] : by_resource) {
    const ResourceRule* rule = find_rule(policies.to_resources, id);
    if (!rule) continue;
    Conf conf = Conf::from_json(rule->confs.front());
    for (EnvoyResource* each : of_resource) configure(ResourceSet::as<Cluster>(*each), each->protocol, conf, tags);
  }
}

void apply_to_egress(ResourceSet& resources, const ResourceRules& rules, std::size_t times) {
  std::vector<EnvoyResource*> services = service_resources(resources);
  std::erase_if(services, [](EnvoyResource* each) { return !dynamic_cast<Cluster*>(each->message.get()); });
  const std::size_t checks = std::min<std::size_t>(services.size() * times, most_checks);
  for (EnvoyResource* each : services) {
    const ResourceRule* rule = find_rule(rules, each->resource);
    if (!rule) continue;
    auto& cluster = ResourceSet::as<Cluster>(*each);
    const int before = cluster.health_checks_size();
    configure(cluster, each->protocol, Conf::from_json(rule->confs.front()), {});
    if (cluster.health_checks_size() == before) continue;
    const HealthCheck check = cluster.health_checks(before);
    for (std::size_t i = 1; i < checks; ++i) *cluster.add_health_checks() = check;
  }
}

}  // namespace kumasim::cp::policy::mesh_health_check
