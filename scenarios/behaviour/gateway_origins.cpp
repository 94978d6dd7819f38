#include "scenarios/behaviour/gateway_origins.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <span>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/xds/gateway/connection_policies.hpp"
#include "reference-cp/xds/gateway/hostname.hpp"
#include "reference-cp/xds/gateway/listener.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::scenario {
namespace {

using cp::at;
using cp::ResourcePtr;
using cp::policy::PolicyPtr;
using nlohmann::json;

/// Policies with sources and destinations that a gateway reads.
constexpr std::string_view old_kinds[] = {"Timeout", "CircuitBreaker", "Retry", "RateLimit"};

class Origins {
 public:
  Origins(const cp::MeshView& mesh, const cp::policy::Gateway& gateway, const WayIn& way, const CallFacts& flow)
      : mesh_(mesh), proxy_(*way.proxy), door_(*way.door), flow_(flow) {
    for (cp::gateway::Part& part : cp::gateway::parts_of(gateway))
      if (part.port == door_.port && cp::gateway::contains(part.hostname, door_.hostname))
        parts_.push_back(std::move(part));
    for (const EndpointShare& share : flow.shares)
      if (auto found = share.tags.find("kuma.io/service"); found != share.tags.end()) services_.insert(found->second);
  }

  /// Of the policies that select a listener on the port, as the gateway's policies are matched.
  void add_target_ref(std::string_view type) {
    cp::policy::MatchedPolicies matched = cp::policy::match_policies(type, proxy_.view, mesh_);
    std::set<const cp::policy::Policy*> selecting;
    for (const auto& [key, list] : matched.by_listener)
      if (key.port == door_.port)
        for (const PolicyPtr& policy : list) selecting.insert(policy.get());
    std::vector<PolicyPtr> policies;
    for (const PolicyPtr& policy : matched.policies)
      if (selecting.contains(policy.get())) policies.push_back(policy);
    std::vector<cp::policy::Rule> rules = cp::policy::to_rules(policies, mesh_);
    if (type == "MeshHTTPRoute") return add_http_routes(rules);
    if (type == "MeshTCPRoute") return add_all(rules);
    if (!flow_.route.empty()) add_rule(rules, {{std::string(cp::policy::route_tag), flow_.route}});
    for (const std::string& service : services_) add_rule(rules, {{"kuma.io/service", service}});
    if (services_.empty()) add_rule(rules, {});
    for (const auto& [kri, rule] : cp::policy::resource_rules(policies, mesh_))
      if (kri.type == "Mesh" || services_.contains(kri.name)) add(rule.origins);
    // Other kinds say nothing of a gateway's own clients.
    auto own = matched.rules.find({proxy_.view.address, door_.port});
    if (type == "MeshTimeout" && own != matched.rules.end())
      for (const cp::policy::InboundRule& rule : own->second) out_.push_back(rule.origin.resource);
  }

  void add_gateway_routes() {
    for (auto [name, route] : mesh_.all("MeshGatewayRoute"))
      if (is_for_host(at(route->spec, "conf", "http", "hostnames")) && selects(*route)) out_.push_back(route);
  }

  /// One of old_kinds.
  void add_old(std::string_view type) {
    for (const cp::gateway::Part& part : parts_)
      for (const std::string& service : services_)
        if (ResourcePtr policy = cp::gateway::connection_policy(type, mesh_, part.tags, {{"kuma.io/service", service}}))
          out_.push_back(policy);
  }

  std::vector<ResourcePtr> take() { return std::move(out_); }

 private:
  void add(std::span<const cp::policy::RuleOrigin> origins) {
    for (const cp::policy::RuleOrigin& origin : origins) out_.push_back(origin.resource);
  }
  void add_rule(std::span<const cp::policy::Rule> rules, const cp::Tags& element) {
    if (const auto* rule = cp::policy::find_rule(rules, element)) add(rule->origins);
  }
  void add_all(std::span<const cp::policy::Rule> rules) {
    for (const cp::policy::Rule& rule : rules) add(rule.origins);
  }

  void add_http_routes(std::span<const cp::policy::Rule> rules) {
    std::size_t before = out_.size();
    for (const cp::policy::Rule& rule : rules)
      if (is_for_host(cp::policy::list_at(rule.conf, "hostnames")))
        if (auto found = rule.origin_by_matches.find(flow_.route); found != rule.origin_by_matches.end())
          out_.push_back(found->second.resource);
    if (out_.size() > before) return;
    for (const cp::policy::Rule& rule : rules)
      if (is_for_host(cp::policy::list_at(rule.conf, "hostnames"))) add(rule.origins);
  }

  bool is_for_host(const json& hostnames) const {
    return hostnames.empty() || std::ranges::any_of(hostnames, [&](const json& each) {
             return each.is_string() && cp::gateway::overlap(each.get<std::string>(), door_.hostname);
           });
  }

  bool selects(const cp::Resource& route) const {
    for (const json& each : at(route.spec, "selectors"))
      for (const cp::gateway::Part& part : parts_)
        if (cp::policy::legacy::matches(cp::policy::legacy::selector_of(each), part.tags)) return true;
    return false;
  }

  const cp::MeshView& mesh_;
  const StillProxy& proxy_;
  const Door& door_;
  const CallFacts& flow_;
  std::vector<cp::gateway::Part> parts_;  ///< of the MeshGateway's listeners those for the door
  std::set<std::string> services_;        ///< that get the call
  std::vector<ResourcePtr> out_;
};

}  // namespace

std::vector<ResourcePtr> gateway_origins(std::string_view type, const cp::MeshView& mesh, const WayIn& way,
                                         const CallFacts& flow) {
  auto gateway = cp::policy::gateway_of(way.proxy->view, mesh);
  if (!gateway) return {};
  if (type == "MeshGateway") return {gateway->resource};
  Origins origins(mesh, *gateway, way, flow);
  const cp::Kind* kind = cp::find_kind(type);
  if (type == "MeshGatewayRoute")
    origins.add_gateway_routes();
  else if (kind != nullptr && kind->is_target_ref_policy())
    origins.add_target_ref(type);
  else if (std::ranges::find(old_kinds, type) != std::end(old_kinds))
    origins.add_old(type);
  return origins.take();
}

json door_conf(const cp::MeshView& mesh, const WayIn& way) {
  auto gateway = cp::policy::gateway_of(way.proxy->view, mesh);
  if (!gateway) return nullptr;
  json out = json::array({gateway->resource->meta.name});
  for (const cp::gateway::Part& part : cp::gateway::parts_of(*gateway))
    if (part.port == way.door->port) out.push_back({{"conf", part.conf}, {"tags", part.tags}});
  return out;
}

}  // namespace kumasim::scenario
