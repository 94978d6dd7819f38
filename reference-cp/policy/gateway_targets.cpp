/// Search in a gateway's resource set.
#include "reference-cp/policy/gateway_targets.hpp"

#include <algorithm>
#include <set>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>

#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/xds/envoy/names.hpp"

namespace kumasim::cp::policy {
namespace {

using ::envoy::config::route::v3::RouteConfiguration;

void collect(const RouteConfiguration& configuration, std::set<std::string>& clusters) {
  for (const auto& host : configuration.virtual_hosts()) {
    for (const auto& route : host.routes()) {
      for (const auto& cluster : route.route().weighted_clusters().clusters()) clusters.insert(cluster.name());
      for (const auto& mirror : route.route().request_mirror_policies()) clusters.insert(mirror.cluster());
    }
  }
}

void collect(Listener& listener, std::set<std::string>& clusters) {
  for (auto& chain : *listener.mutable_filter_chains()) {
    change_tcp_proxy(chain, [&](TcpProxy& tcp) {
      clusters.insert(tcp.cluster());
      for (const auto& cluster : tcp.weighted_clusters().clusters()) clusters.insert(cluster.name());
    });
  }
}

/// The policies that select a listener on the port, by precedence.
std::vector<PolicyPtr> policies_of_port(const MatchedPolicies& policies, std::uint32_t port) {
  std::set<const Policy*> selecting;
  for (const auto& [key, list] : policies.by_listener)
    if (key.port == port)
      for (const PolicyPtr& policy : list) selecting.insert(policy.get());
  std::vector<PolicyPtr> result;
  for (const PolicyPtr& policy : policies.policies)
    if (selecting.contains(policy.get())) result.push_back(policy);
  return result;
}

}  // namespace

std::vector<GatewayTarget> gateway_targets(ResourceSet& resources, const MeshView& mesh,
                                           const MatchedPolicies& policies) {
  std::vector<GatewayTarget> targets;
  for (auto& [key, listener] : listeners(resources, cp::Origin::gateway)) {
    GatewayTarget target;
    target.key = key;
    target.listener = listener;
    target.protocol = listener->name().find(":HTTP") == std::string::npos ? "tcp" : "http";
    std::set<std::string> names;
    for (auto& [name, resource] : resources.of(type_url::route)) {
      if (resource.origin != cp::Origin::gateway || !name.starts_with(listener->name() + ":")) continue;
      target.routes.push_back(&ResourceSet::as<RouteConfiguration>(resource));
      collect(*target.routes.back(), names);
    }
    collect(*listener, names);
    for (const std::string& name : names) {
      EnvoyResource* cluster = resources.find(type_url::cluster, name);
      if (cluster && cluster->origin == cp::Origin::gateway)
        target.clusters.emplace_back(envoy::service_of_cluster(name), &ResourceSet::as<Cluster>(*cluster));
    }
    if (std::vector<PolicyPtr> selecting = policies_of_port(policies, key.port); !selecting.empty()) {
      target.to = to_rules(selecting, mesh);
      target.to_resources = resource_rules(selecting, mesh);
    }
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace kumasim::cp::policy
