/// Outbound listeners with HTTP routes.
#include "reference-cp/policy/mesh_http_route/apply.hpp"

#include <algorithm>

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_http_route/envoy_route.hpp"
#include "reference-cp/policy/mesh_route/backends.hpp"
#include "reference-cp/policy/mesh_route/destination.hpp"
#include "reference-cp/policy/mesh_route/outbound_listener.hpp"
#include "reference-cp/xds/envoy/tags_header.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/protocol.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp::policy::mesh_http_route {
namespace {

/// A match with where its requests go; `rule` is nullptr for the route that Kuma adds.
struct Candidate {
  std::string name;
  Match match;
  const RouteRuleConf* rule = nullptr;
  std::vector<ResolvedRef> refs;
};

/// The routes of a destination in Envoy's order (the first that matches is taken), the last one for every request.
std::vector<Candidate> candidates(const std::vector<RouteRuleConf>& rules, const RouteRule& found,
                                  const Destination& destination, const MeshView& mesh, bool unified_naming) {
  std::vector<Candidate> list;
  for (const RouteRuleConf& rule : rules) {
    Kri origin;
    if (auto from = found.origin_by_matches->find(rule.hash); from != found.origin_by_matches->end())
      origin = Kri::of(*from->second.resource, unified_naming ? "rule_" + std::to_string(from->second.index) : "");
    std::vector<ResolvedRef> refs;
    for (const BackendRef& backend : rule.backends)
      if (std::optional<ResolvedRef> ref = resolve(backend, origin, mesh)) refs.push_back(std::move(*ref));
    for (const Match& match : rule.matches)
      list.push_back({destination.outbound->legacy() ? rule.hash : origin.to_string(), match, &rule, refs});
  }
  std::ranges::stable_sort(list, [](const Candidate& a, const Candidate& b) { return compare(a.match, b.match) < 0; });
  if (std::ranges::none_of(list, [](const Candidate& each) { return each.match == catch_all(); }))
    list.push_back({catch_all_name(), catch_all(), nullptr, {}});
  for (Candidate& each : list)
    if (each.refs.empty()) each.refs.push_back(destination.itself());
  return list;
}

/// Clusters that only mirrors send to.
void ask_for_mirrors(const RouteRuleConf& rule, Backends& backends) {
  for (const Filter& filter : rule.filters) {
    const Mirror* mirror = std::get_if<Mirror>(&filter);
    if (!mirror) continue;
    // Kuma takes the target of a mirror for a legacy service always.
    ResolvedRef ref{mirror->backend, {}, mirror->backend.weight.value_or(1)};
    backends.http({&ref, 1});
  }
}

std::vector<RouteSpec> routes(const std::vector<RouteRuleConf>& rules, const RouteRule& found,
                              const Destination& destination, const MeshView& mesh, bool unified_naming,
                              Backends& backends) {
  std::vector<RouteSpec> specs;
  for (const Candidate& each : candidates(rules, found, destination, mesh, unified_naming)) {
    RouteSpec spec{each.name, each.match, each.rule ? &each.rule->filters : nullptr, backends.http(each.refs)};
    if (spec.splits.empty()) continue;
    if (each.rule) ask_for_mirrors(*each.rule, backends);
    specs.push_back(std::move(spec));
  }
  return specs;
}

void add_listener(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const Destination& destination,
                  const std::vector<RouteSpec>& routes, const Backends& backends) {
  const Outbound& outbound = *destination.outbound;
  std::string host = proxy.unified_naming && !outbound.legacy() ? outbound.resource.to_string() : destination.service;
  envoy::HttpManager manager =
      envoy::http_manager(host, mesh.settings().internal_addresses, proxy.metadata.ipv6_enabled);
  manager.mutable_normalize_path()->set_value(true);
  if (destination.protocol == "grpc") envoy::grpc_stats(manager);
  envoy::RouteConfiguration& configuration = envoy::routes(
      manager, outbound.legacy() ? "outbound:" + destination.service : outbound.resource.to_string(), host);
  configuration.mutable_validate_clusters()->set_value(false);
  if (envoy::tags_header_used(mesh)) envoy::add_tags_header(*proxy.dataplane, configuration);
  for (const RouteSpec& route : routes)
    add_routes(configuration, route, [&](const BackendRef& backend) { return backends.cluster_of(backend); });

  envoy::ListenerPtr listener = outbound_listener(proxy, outbound);
  envoy::finish(envoy::add_chain(*listener), std::move(manager));
  std::string name = listener->name();
  resources.add(std::move(name), std::move(listener), cp::Origin::outbound, outbound.resource, destination.protocol);
}

}  // namespace

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies) {
  if (!mesh.all("TrafficRoute").empty() && policies.to.empty() && policies.by_listener.empty()) return;
  Backends backends(mesh, proxy);
  for (const Destination& destination : destinations(proxy, mesh)) {
    RouteRule found = route_rule(policies.to, policies.to_resources, destination);
    std::vector<RouteRuleConf> rules;
    if (found.conf) rules = rules_from_json(*found.conf);
    if (rules.empty() && !is_http_based(destination.protocol)) continue;
    std::vector<RouteSpec> specs = routes(rules, found, destination, mesh, proxy.unified_naming, backends);
    if (!specs.empty()) add_listener(resources, proxy, mesh, destination, specs, backends);
  }
  backends.add_to(resources);
}

}  // namespace kumasim::cp::policy::mesh_http_route
