#include "reference-cp/rest/inspect/gateway_routes.hpp"

#include <algorithm>
#include <map>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/gateway/connection_policies.hpp"
#include "reference-cp/xds/gateway/listener.hpp"

namespace kumasim::cp::inspect {
namespace {

using Json = nlohmann::json;

constexpr std::string_view connection_types[] = {"CircuitBreaker", "FaultInjection", "HealthCheck",
                                                 "RateLimit",      "Retry",          "Timeout"};
constexpr const char* passthrough_service = "pass_through";

using Policies = std::map<std::string, ResourcePtr>;  // by type

Policies policies_of(const MeshView& mesh, const gateway::Host& host, const gateway::Destination& destination) {
  Policies out;
  for (std::string_view type : connection_types)
    if (ResourcePtr one = gateway::connection_policy(type, mesh, host.tags, destination.tags))
      out[std::string(type)] = std::move(one);
  return out;
}

Json policies_json(const Policies& policies) {
  Json out = Json::object();
  for (const auto& [type, policy] : policies) out[type] = dated_meta_json(*policy);
  return out;
}

Json key_json(const Resource* resource) {
  return {{"mesh", resource ? resource->meta.mesh : ""}, {"name", resource ? resource->meta.name : ""}};
}

struct Gateway {
  ResourcePtr resource;
  std::vector<gateway::Listener> listeners;
};

Gateway gateway_of(const ProxyView& proxy, const MeshView& mesh) {
  auto found = policy::gateway_of(proxy, mesh);
  if (!found) return {};
  return {found->resource, gateway::gateway_route_listeners(mesh, *found)};
}

/// What holds for the gateway as a whole: TrafficLog and TrafficTrace.
Policies whole_policies(const ProxyView& proxy, const MeshView& mesh) {
  Policies out;
  auto logs = policy::legacy::policies_to("TrafficLog", {passthrough_service}, proxy, mesh);
  if (auto found = logs.find(passthrough_service); found != logs.end()) out["TrafficLog"] = found->second;
  if (ResourcePtr trace = policy::legacy::proxy_policy("TrafficTrace", proxy, mesh)) out["TrafficTrace"] = trace;
  return out;
}

/// As recorded of Kuma 2.12.14, of an entry's forwards the last one alone is shown.
Json routes_json(const MeshView& mesh, const gateway::Host& host) {
  std::map<std::string, std::vector<const gateway::Destination*>> routes;
  for (const gateway::Entry& entry : host.entries) {
    if (entry.forward.empty()) continue;
    auto& destinations = routes[entry.route];
    if (entry.mirror) destinations.push_back(&entry.mirror->to);
    destinations.push_back(&entry.forward.back());
  }
  Json out = Json::array();
  for (auto& [name, destinations] : routes) {
    std::ranges::stable_sort(destinations, {}, [](const auto* each) { return envoy::to_string(each->tags); });
    Json list = Json::array();
    for (const gateway::Destination* each : destinations)
      list.push_back({{"tags", each->tags}, {"policies", policies_json(policies_of(mesh, host, *each))}});
    out.push_back({{"route", name}, {"destinations", std::move(list)}});
  }
  return out;
}

/// Destinations of each entry that the policy is bound to.
Json bound_routes(const Resource& policy, const MeshView& mesh, gateway::Host& host) {
  Json out = Json::array();
  for (gateway::Entry& entry : host.entries) {
    Json destinations = Json::array();
    for (const gateway::Destination* each : entry.destinations()) {
      Policies bound = policies_of(mesh, host, *each);
      auto found = bound.find(policy.kind->type());
      if (found != bound.end() && found->second->key() == policy.key()) destinations.push_back(each->tags);
    }
    if (!destinations.empty()) out.push_back({{"route", entry.route}, {"destinations", std::move(destinations)}});
  }
  return out;
}

}  // namespace

Json gateway_policies(const ProxyView& proxy, const MeshView& mesh) {
  Gateway gateway = gateway_of(proxy, mesh);
  Json listeners = Json::array();
  for (const gateway::Listener& listener : gateway.listeners) {
    std::vector<Json> hosts;
    for (const gateway::HostGroup& group : listener.groups)
      for (const gateway::Host& host : group.hosts)
        hosts.push_back({{"hostName", host.hostname}, {"routes", routes_json(mesh, host)}});
    std::ranges::stable_sort(hosts, {}, [](const Json& host) { return host["hostName"].get<std::string>(); });
    listeners.push_back({{"port", listener.port}, {"protocol", listener.protocol}, {"hosts", hosts}});
  }
  Json out = {{"kind", "MeshGatewayDataplane"},
              {"gateway", key_json(gateway.resource.get())},
              {"listeners", std::move(listeners)}};
  if (Json whole = policies_json(whole_policies(proxy, mesh)); !whole.empty()) out["policies"] = std::move(whole);
  return out;
}

Json gateway_attachments(const Resource& policy, const ProxyView& proxy, const MeshView& mesh) {
  Gateway gateway = gateway_of(proxy, mesh);
  const Json entry = {{"kind", "MeshGatewayDataplane"},
                      {"dataplane", key_json(proxy.dataplane.get())},
                      {"gateway", key_json(gateway.resource.get())}};
  Json listeners = Json::array();
  for (gateway::Listener& listener : gateway.listeners) {
    Json hosts = Json::array();
    for (gateway::HostGroup& group : listener.groups)
      for (gateway::Host& host : group.hosts)
        if (Json routes = bound_routes(policy, mesh, host); !routes.empty())
          hosts.push_back({{"hostName", host.hostname}, {"routes", std::move(routes)}});
    if (!hosts.empty())
      listeners.push_back({{"port", listener.port}, {"protocol", listener.protocol}, {"hosts", std::move(hosts)}});
  }
  Json out = Json::array();
  if (!listeners.empty()) {
    out.push_back(entry);
    out.back()["listeners"] = std::move(listeners);
  }
  Policies whole = whole_policies(proxy, mesh);
  auto found = whole.find(policy.kind->type());
  if (found != whole.end() && found->second->key() == policy.key()) out.push_back(entry);
  return out;
}

bool has_route(const Resource& route, const ProxyView& proxy, const MeshView& mesh) {
  for (const gateway::Listener& listener : gateway_of(proxy, mesh).listeners)
    for (const gateway::HostGroup& group : listener.groups)
      for (const gateway::Host& host : group.hosts)
        for (const gateway::Entry& entry : host.entries)
          if (entry.route == route.meta.name) return true;
  return false;
}

}  // namespace kumasim::cp::inspect
