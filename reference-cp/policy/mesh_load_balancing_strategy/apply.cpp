/// How MeshLoadBalancingStrategy's conf becomes Envoy's load balancer, hash policies and localities.
#include "reference-cp/policy/mesh_load_balancing_strategy/apply.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/endpoint/v3/endpoint.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/policy/gateway_targets.hpp"
#include "reference-cp/policy/mesh_load_balancing_strategy/locality.hpp"
#include "reference-cp/policy/resource_context.hpp"
#include "reference-cp/policy/targets.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/destination.hpp"
#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::mesh_load_balancing_strategy {
namespace {

using ::envoy::config::route::v3::Route;
using ::envoy::config::route::v3::RouteAction;
using ::envoy::config::route::v3::RouteConfiguration;

void set_balancer(Cluster& cluster, const LoadBalancer& conf) {
  if (conf.type == "RoundRobin") cluster.set_lb_policy(Cluster::ROUND_ROBIN);
  if (conf.type == "Random") cluster.set_lb_policy(Cluster::RANDOM);
  if (conf.type == "LeastRequest") {
    cluster.set_lb_policy(Cluster::LEAST_REQUEST);
    if (!conf.configured) return;
    auto& config = *cluster.mutable_least_request_lb_config();
    config.Clear();
    if (conf.active_request_bias) config.mutable_active_request_bias()->set_default_value(*conf.active_request_bias);
    if (conf.choice_count) config.mutable_choice_count()->set_value(*conf.choice_count);
  }
  if (conf.type == "RingHash") {
    cluster.set_lb_policy(Cluster::RING_HASH);
    if (!conf.configured) return;
    auto& config = *cluster.mutable_ring_hash_lb_config();
    config.Clear();
    if (conf.ring_min) config.mutable_minimum_ring_size()->set_value(*conf.ring_min);
    if (conf.ring_max) config.mutable_maximum_ring_size()->set_value(*conf.ring_max);
    if (conf.hash_function == "MurmurHash2") config.set_hash_function(Cluster::RingHashLbConfig::MURMUR_HASH_2);
  }
  if (conf.type == "Maglev") {
    cluster.set_lb_policy(Cluster::MAGLEV);
    if (!conf.configured) return;
    auto& config = *cluster.mutable_maglev_lb_config();
    config.Clear();
    if (conf.table_size) config.mutable_table_size()->set_value(*conf.table_size);
  }
}

void configure(Cluster& cluster, const Conf& conf) {
  if (conf.locality && conf.locality->local_zone && !conf.locality->local_zone->empty())
    cluster.mutable_common_lb_config()->mutable_locality_weighted_lb_config();
  if (conf.balancer) set_balancer(cluster, *conf.balancer);
}

void fill(RouteAction::HashPolicy& out, const HashPolicy& conf) {
  if (conf.terminal) out.set_terminal(*conf.terminal);
  if (!conf.given) return;
  if (conf.type == "Header") out.mutable_header()->set_header_name(conf.name);
  if (conf.type == "Cookie") {
    out.mutable_cookie()->set_name(conf.name);
    out.mutable_cookie()->set_path(conf.cookie_path);
    if (conf.cookie_ttl) envoy::set_duration(*out.mutable_cookie()->mutable_ttl(), *conf.cookie_ttl);
  }
  if (conf.type == "Connection") out.mutable_connection_properties()->set_source_ip(conf.source_ip);
  if (conf.type == "QueryParameter") out.mutable_query_parameter()->set_name(conf.name);
  if (conf.type == "FilterState") out.mutable_filter_state()->set_key(conf.name);
}

template <class ConfOf>
void set_hash_policies(RouteConfiguration& routes, const ConfOf& conf_of) {
  for (auto& host : *routes.mutable_virtual_hosts())
    for (Route& route : *host.mutable_routes())
      if (route.has_route())
        for (const HashPolicy& policy : conf_of(route).hash_policies)
          fill(*route.mutable_route()->add_hash_policy(), policy);
}

template <class Chain, class ConfOf>
void set_chain_hash_policies(Chain& chain, const ConfOf& conf_of) {
  change_hcm(chain, [&](Hcm& hcm) {
    if (hcm.has_route_config()) set_hash_policies(*hcm.mutable_route_config(), conf_of);
  });
}

template <class ConfOf>
void set_hash_policies(Listener& listener, const ConfOf& conf_of) {
  for (auto& chain : *listener.mutable_filter_chains()) set_chain_hash_policies(chain, conf_of);
}

/// The changes of one cluster and of its endpoints.
class Clusters {
 public:
  Clusters(ResourceSet& resources, const MeshView& mesh, const Client& client, cp::Origin origin = cp::Origin::outbound)
      : resources_(resources), mesh_(mesh), client_(client), origin_(origin) {}

  void change(Cluster& cluster, const std::string& service, const Kri& resource, const Conf& conf) {
    change(cluster, service, resource, conf, conf);
  }
  /// `fixed` counts for endpoints that are part of the cluster.
  void change(Cluster& cluster, const std::string& service, const Kri& resource, const Conf& conf, const Conf& fixed) {
    configure(cluster, conf);
    if (cluster.has_load_assignment())
      set_localities(*cluster.mutable_load_assignment(), fixed, client_);
    else
      change_endpoints(cluster.name(), service, resource, conf);
  }

 private:
  /// Endpoints that stay as they are for every proxy are not taken apart.
  void change_endpoints(const std::string& cluster, const std::string& service, const Kri& resource, const Conf& conf) {
    if (auto* own = resources_.get<LoadAssignment>(type_url::endpoint, cluster))
      return set_localities(*own, conf, client_);
    const std::vector<Endpoint>& all = mesh_.endpoints(service);
    bool moves = std::ranges::any_of(all, [&](const Endpoint& endpoint) {
      return endpoint.locality && changes_priority(conf, client_, *endpoint.locality);
    });
    if (!moves && !(conf.locality && conf.locality->has_groups())) return;
    auto own = envoy::load_assignment(cluster, all);
    set_localities(*own, conf, client_);
    resources_.add(cluster, std::move(own), origin_, resource);
  }

  ResourceSet& resources_;
  const MeshView& mesh_;
  const Client& client_;
  cp::Origin origin_;
};

Client client_of(const ProxyView& proxy, const MeshView& mesh) {
  Client client{.zone = mesh.settings().zone, .tags = gateway_tags(proxy)};
  auto take = [&](const Tags& tags) {
    for (const auto& [key, value] : tags) {
      std::string& held = client.tags.try_emplace(key, value).first->second;
      held = std::min(held, value);
    }
  };
  for (const Inbound& inbound : proxy.inbounds) take(inbound.tags);
  return client;
}

bool uses_egress(const MeshView& mesh) { return mesh.mesh() && flag_at(mesh.mesh()->spec, "routing", "zoneEgress"); }

void apply_to_legacy_outbounds(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh,
                               const MatchedPolicies& policies, Client client) {
  auto outbound_listeners = listeners(resources, cp::Origin::outbound);
  std::map<std::string, Conf> confs;
  for (const Outbound& outbound : proxy.outbounds) {
    if (!outbound.legacy()) continue;
    const Rule* rule = find_rule(policies.to, {{"kuma.io/service", outbound.service()}});
    if (!rule) continue;
    const Conf& conf = confs.insert_or_assign(outbound.service(), Conf::from_json(rule->conf)).first->second;
    if (auto found = outbound_listeners.find({outbound.address, outbound.port}); found != outbound_listeners.end())
      set_hash_policies(*found->second, [&](const Route&) -> const Conf& { return conf; });
  }
  client.egress = uses_egress(mesh);
  Clusters clusters(resources, mesh, client);
  for (auto& [service, of_service] : outbound_clusters(resources))
    if (auto conf = confs.find(service); conf != confs.end())
      for (Cluster* cluster : of_service) clusters.change(*cluster, service, {}, conf->second);
}

void apply_to_services(ResourceSet& resources, const MeshView& mesh, const MatchedPolicies& policies,
                       const Client& client) {
  ResourceContext root(policies.to_resources, mesh.name());
  Clusters clusters(resources, mesh, client);
  for (EnvoyResource* resource : service_resources(resources)) {
    ResourceContext context = root.with(resource->resource);
    Conf conf = Conf::from_json(context.conf());
    if (auto* listener = dynamic_cast<Listener*>(resource->message.get())) {
      set_hash_policies(*listener, [&](const Route& route) {
        std::optional<Kri> id = parse_kri(route.name());
        return id ? Conf::from_json(context.with(*id).conf()) : conf;
      });
    } else if (auto* cluster = dynamic_cast<Cluster*>(resource->message.get())) {
      std::string service = envoy::Destinations().resource(mesh, resource->resource);
      clusters.change(*cluster, service, resource->resource, conf);
    }
  }
}

/// A gateway's routes get the hash policies of all services that its listener leads to, as Kuma does it.
void apply_to_gateway(ResourceSet& resources, const MeshView& mesh, const MatchedPolicies& policies, Client client) {
  Client direct = client;
  client.egress = uses_egress(mesh);
  Clusters clusters(resources, mesh, client, cp::Origin::gateway), real(resources, mesh, direct, cp::Origin::gateway);
  for (const GatewayTarget& target : gateway_targets(resources, mesh, policies)) {
    if (!target.to) continue;
    ResourceContext root(target.to_resources, mesh.name());
    // Kuma takes this, not the service's own, for the endpoints of an ExternalService.
    const Conf common = Conf::from_json(root.conf());
    std::map<std::string, Conf> confs;
    for (const auto& [service, cluster] : target.clusters) {
      if (const Rule* rule = find_rule(*target.to, {{"kuma.io/service", service}})) {
        Conf& conf = confs[service] = Conf::from_json(rule->conf);
        clusters.change(*cluster, service, {}, conf, common);
      }
      EnvoyResource* held = resources.find(type_url::cluster, cluster->name());
      if (held && !held->resource.empty())
        real.change(*cluster, service, held->resource, Conf::from_json(root.with(held->resource).conf()));
    }
    for (const auto& [service, conf] : confs)
      if (conf.balancer)
        for (RouteConfiguration* routes : target.routes)
          set_hash_policies(*routes, [&](const Route&) -> const Conf& { return conf; });
  }
}

}  // namespace

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies) {
  Client client = client_of(proxy, mesh);
  if (proxy.gateway_type == "BUILTIN") return apply_to_gateway(resources, mesh, policies, client);
  apply_to_legacy_outbounds(resources, proxy, mesh, policies, client);
  apply_to_services(resources, mesh, policies, client);
}

void apply_to_egress(ResourceSet& resources, Listener& listener, const ResourceRules& rules) {
  Conf of_all;  // as Kuma has it, each chain gets the hash policies of all
  std::set<std::string> names;
  for (EnvoyResource* resource : service_resources(resources)) {
    auto* cluster = dynamic_cast<Cluster*>(resource->message.get());
    if (!cluster) continue;
    names.insert(cluster->name());
    const ResourceRule* rule = find_rule(rules, resource->resource);
    if (!rule) continue;
    const Conf conf = Conf::from_json(rule->confs.front());
    configure(*cluster, conf);
    of_all.hash_policies.insert(of_all.hash_policies.end(), conf.hash_policies.begin(), conf.hash_policies.end());
  }
  if (of_all.hash_policies.empty()) return;
  for (auto& chain : *listener.mutable_filter_chains())
    if (names.contains(chain.name()))
      set_chain_hash_policies(chain, [&](const Route&) -> const Conf& { return of_all; });
}

void apply_to_egress_endpoints(ResourceSet& resources, const std::string& cluster, const nlohmann::json& conf,
                               const std::string& zone) {
  Conf wanted = Conf::from_json(conf);
  Client egress{.zone = zone, .tags = {}};
  if (auto* assignment = resources.get<LoadAssignment>(type_url::endpoint, cluster))
    set_localities(*assignment, wanted, egress);
  if (auto* held = resources.get<Cluster>(type_url::cluster, cluster); held && held->has_load_assignment())
    set_localities(*held->mutable_load_assignment(), wanted, egress);
}

}  // namespace kumasim::cp::policy::mesh_load_balancing_strategy
