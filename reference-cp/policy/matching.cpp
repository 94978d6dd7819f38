/// Selection by top-level targetRef (Kuma docs, "Policies: targetRef") and collection of the rules.
#include "reference-cp/policy/matching.hpp"

#include <algorithm>

#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/policy/resolve.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy {
namespace {

using legacy::matches;

bool is_in_zone(const Meta& meta, const std::string& zone) {
  std::string own = meta.label("kuma.io/zone");
  return meta.label("kuma.io/origin") == "zone" && (own.empty() || own == zone);
}

bool is_selected_by_zone(const Meta& policy, const Meta& proxy, const Gateway* gateway) {
  if (policy.label("kuma.io/policy-role") == "producer") return true;
  const Meta& subject = gateway ? gateway->resource->meta : proxy;
  std::string origin = subject.label("kuma.io/origin");
  if (origin.empty() || origin == "global") return true;
  std::string zone = policy.label("kuma.io/zone");
  if (policy.label("kuma.io/origin") != "zone" || zone.empty()) return true;
  return is_in_zone(subject, zone);
}

bool is_selected_by_namespace(const Meta& policy, const Meta& proxy) {
  std::string role = policy.label("kuma.io/policy-role");
  if (role != "consumer" && role != "workload-owner") return true;
  auto ns = policy.labels.find("k8s.kuma.io/namespace");
  return ns != policy.labels.end() && ns->second == proxy.label("k8s.kuma.io/namespace");
}

Selection select_by_tags(const Tags& tags, const ProxyView& proxy, const Gateway* gateway) {
  Selection selection;
  for (const Inbound& inbound : proxy.inbounds)
    if (matches(tags, inbound.tags)) selection.inbounds.push_back({inbound.address, inbound.port});
  if (gateway) {
    for (const GatewayListener& listener : gateway->listeners) {
      if (!matches(tags, listener.tags)) continue;
      InboundKey key{gateway->address, listener.port};
      if (std::ranges::find(selection.inbounds, key) == selection.inbounds.end()) selection.inbounds.push_back(key);
      selection.listeners.push_back({gateway->address, listener.port, listener.hostname});
    }
  }
  selection.delegated_gateway = proxy.gateway_type == "DELEGATED" && matches(tags, gateway_tags(proxy));
  return selection;
}

Selection select_dataplane(const TargetRef& ref, const Policy& policy, const ProxyView& proxy) {
  const Resource& dataplane = *proxy.dataplane;
  bool all = ref.name.empty() && ref.ns.empty() && !ref.labels;
  bool by_name = !ref.name.empty() && Kri::of(dataplane) == kri_of(ref, Kri::of(*policy.resource));
  bool by_labels = ref.labels && std::ranges::all_of(*ref.labels, [&](const auto& label) {
                     return dataplane.meta.label(label.first) == label.second;
                   });
  if (!all && !by_name && !by_labels) return {};
  Selection selection;
  for (const Inbound& inbound : proxy.inbounds) {
    std::string section = inbound.name.empty() ? std::to_string(inbound.port) : inbound.name;
    if (ref.section.empty() || ref.section == section) selection.inbounds.push_back({inbound.address, inbound.port});
  }
  selection.delegated_gateway = proxy.gateway_type == "DELEGATED";
  return selection;
}

Selection select(const TargetRef& ref, const Policy& policy, const ProxyView& proxy, const MeshView& mesh,
                 const Gateway* gateway) {
  const Meta& meta = policy.resource->meta;
  if (!is_selected_by_zone(meta, proxy.dataplane->meta, gateway)) return {};
  if (!is_selected_by_namespace(meta, proxy.dataplane->meta)) return {};
  Tags tags = ref.tags;
  switch (ref.kind) {
    case RefKind::mesh: tags.clear(); [[fallthrough]];
    case RefKind::mesh_subset:
      if (proxy.gateway_type.empty() ? !ref.sidecar : !ref.gateway) return {};
      return select_by_tags(tags, proxy, gateway);
    case RefKind::mesh_service: return select_by_tags({{"kuma.io/service", ref.name}}, proxy, gateway);
    case RefKind::mesh_service_subset:
      tags.emplace("kuma.io/service", ref.name);
      return select_by_tags(tags, proxy, gateway);
    case RefKind::dataplane: return gateway ? Selection{} : select_dataplane(ref, policy, proxy);
    case RefKind::mesh_gateway: {
      if (!gateway || proxy.gateway_type != "BUILTIN" || display_name(gateway->resource->meta) != ref.name) return {};
      Selection selection = select_by_tags(tags, proxy, gateway);
      selection.delegated_gateway = false;
      return selection;
    }
    case RefKind::mesh_http_route: {
      for (auto [name, route] : mesh.all("MeshHTTPRoute")) {
        if (display_name(route->meta) != ref.name) continue;
        PolicyPtr decoded = decode_policy(route);
        return select(decoded->target_ref, *decoded, proxy, mesh, gateway);
      }
      return {};
    }
    default: return {};
  }
}

}  // namespace

Selection select(const Policy& policy, const ProxyView& proxy, const MeshView& mesh) {
  std::optional<Gateway> gateway = gateway_of(proxy, mesh);
  return select(policy.target_ref, policy, proxy, mesh, gateway ? &*gateway : nullptr);
}

nlohmann::json MatchedPolicies::inbound_conf(const InboundKey& inbound) const {
  auto found = rules.find(inbound);
  return found == rules.end() ? nlohmann::json::object() : merged(found->second);
}

const PolicyPtr& DecodedPolicies::get(const ResourcePtr& resource) {
  PolicyPtr& policy = decoded_[resource.get()];
  if (!policy) policy = decode_policy(resource);
  return policy;
}

SelectedPolicies select_policies(std::string_view type, const ProxyView& proxy, const MeshView& mesh,
                                 const MatchOptions& options) {
  SelectedPolicies selected;
  std::optional<Gateway> gateway = gateway_of(proxy, mesh);
  for (auto [name, resource] : mesh.all(type)) {
    if (is_shadow(resource->meta) && !options.include_shadow) continue;
    PolicyPtr policy = options.decoded ? options.decoded->get(resource) : decode_policy(resource);
    Selection selection = select(policy->target_ref, *policy, proxy, mesh, gateway ? &*gateway : nullptr);
    if (!selection.any()) continue;
    selected.all.push_back(policy);
    for (const InboundKey& inbound : selection.inbounds) selected.by_inbound[inbound].push_back(policy);
    for (const GatewayListenerKey& listener : selection.listeners) selected.by_listener[listener].push_back(policy);
  }
  sort_policies(selected.all);
  for (auto& [inbound, policies] : selected.by_inbound) sort_policies(policies);
  return selected;
}

MatchedPolicies match_incoming(const SelectedPolicies& selected) {
  MatchedPolicies matched;
  for (const auto& [inbound, policies] : selected.by_inbound) {
    matched.from[inbound] = from_rules(policies);
    matched.rules[inbound] = inbound_rules(policies);
  }
  matched.policies = selected.all;
  matched.by_listener = selected.by_listener;
  return matched;
}

MatchedPolicies match_outgoing(std::vector<PolicyPtr> sorted, const MeshView& mesh) {
  MatchedPolicies matched;
  matched.to = to_rules(sorted, mesh);
  matched.to_resources = resource_rules(sorted, mesh);
  matched.policies = std::move(sorted);
  return matched;
}

MatchedPolicies match_policies(std::string_view type, const ProxyView& proxy, const MeshView& mesh,
                               const MatchOptions& options) {
  MatchedPolicies matched = match_incoming(select_policies(type, proxy, mesh, options));
  matched.to = to_rules(matched.policies, mesh);
  matched.to_resources = resource_rules(matched.policies, mesh);
  return matched;
}

}  // namespace kumasim::cp::policy
