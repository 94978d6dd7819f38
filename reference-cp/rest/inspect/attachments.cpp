/// The older inspections: which policies are attached to which part of a proxy (Kuma docs, "Inspect API").
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/policy/all.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/rest/inspect/gateway_routes.hpp"
#include "reference-cp/rest/inspect/views.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/vip_outbounds.hpp"

namespace kumasim::cp::inspect {
namespace {

using Json = nlohmann::json;
namespace legacy = policy::legacy;

constexpr const char* passthrough_service = "pass_through";

/// Kuma orders attachments by the text of type, name and service.
struct Attachment {
  std::string type, name, service;
  auto operator<=>(const Attachment&) const = default;

  Json json() const {
    Json out = {{"type", type}};
    if (!name.empty()) out["name"] = name;
    if (!service.empty()) out["service"] = service;
    return out;
  }
};

using Attachments = std::map<Attachment, std::vector<ResourcePtr>>;

std::string inbound_name(const Inbound& inbound) {
  return envoy::host_port(inbound.address, inbound.port) + ":" + std::to_string(inbound.service_port);
}

/// Policies of one kind, or of all ("").
Attachments attachments(const ProxyView& proxy, const MeshView& mesh, std::string_view only = {}) {
  auto wanted = [&](std::string_view type) { return only.empty() || only == type; };
  Attachments out;
  for (const Inbound& inbound : proxy.inbounds) {
    std::vector<ResourcePtr>& list = out[{"inbound", inbound_name(inbound), inbound.service}];
    if (wanted("TrafficPermission"))
      if (ResourcePtr one = legacy::inbound_policy("TrafficPermission", inbound.tags, mesh)) list.push_back(one);
    for (std::string_view type : {"FaultInjection", "RateLimit"})
      if (wanted(type))
        for (ResourcePtr& each : legacy::inbound_policies(type, inbound.tags, mesh)) list.push_back(std::move(each));
  }
  for (std::string_view type : {"Timeout", "RateLimit", "TrafficRoute"}) {
    if (!wanted(type)) continue;
    auto by_service = legacy::outbound_policies(type, proxy, mesh);
    for (const Outbound& outbound : proxy.outbounds) {
      auto found = outbound.legacy() ? by_service.find(outbound.service()) : by_service.end();
      if (found == by_service.end()) continue;
      std::string name = envoy::host_port(outbound.address, outbound.port);
      out[{"outbound", std::move(name), outbound.service()}].push_back(found->second);
    }
  }
  std::set<std::string> services;
  for (const Outbound& outbound : proxy.outbounds)
    if (outbound.legacy()) services.insert(outbound.service());
  for (std::string_view type : {"TrafficLog", "HealthCheck", "CircuitBreaker", "Retry"}) {
    if (!wanted(type)) continue;
    std::set<std::string> to = services;
    if (type == "TrafficLog") to.insert(passthrough_service);
    for (auto& [service, each] : legacy::policies_to(type, to, proxy, mesh))
      out[{"service", service, service}].push_back(each);
  }
  std::vector<ResourcePtr>& whole = out[{"dataplane", {}, {}}];
  for (std::string_view type : {"TrafficTrace", "ProxyTemplate"})
    if (ResourcePtr one = wanted(type) ? legacy::proxy_policy(type, proxy, mesh) : nullptr) whole.push_back(one);
  for (std::string_view type : policy::applied_kinds()) {
    if (!wanted(type)) continue;
    for (const policy::PolicyPtr& each : policy::match_policies(type, proxy, mesh).policies)
      whole.push_back(each->resource);
  }
  std::erase_if(out, [](const auto& entry) { return entry.second.empty(); });
  return out;
}

/// `host:port` of every name that an outbound's address has, and of the address itself.
Json addresses_of(const Outbound& outbound, const std::vector<VipDomains>& domains) {
  Json out = Json::array();
  auto add = [&](const std::string& host) {
    std::string address = envoy::host_port(host, outbound.port);
    if (std::ranges::find(out, Json(address)) == out.end()) out.push_back(address);
  };
  for (const VipDomains& each : domains)
    if (each.address == outbound.address)
      for (const std::string& domain : each.domains) add(domain);
  add(outbound.address);
  return out;
}

struct AttachedRule {
  std::string type, name, service;
  std::string_view policy;
  Tags tags;
  Json addresses = Json::array();
  policy::Rule rule;

  Json json() const {
    Json subset = Json::object(), origins = Json::array();
    for (const policy::Tag& tag : rule.subset) subset[tag.key] = (tag.negated ? "!" : "") + tag.value;
    for (const auto& origin : rule.origins)
      origins.push_back({{"mesh", origin.resource->meta.mesh}, {"name", origin.resource->meta.name}});
    Json out = {{"type", type},
                {"policyType", policy},
                {"subset", std::move(subset)},
                {"conf", rule.conf},
                {"origins", std::move(origins)}};
    if (!name.empty()) out["name"] = name;
    if (!service.empty()) out["service"] = service;
    if (!tags.empty()) out["tags"] = tags;
    if (!addresses.empty()) out["addresses"] = addresses;
    return out;
  }
};

void add_inbound_rules(const ProxyView& proxy, const Matched& found, std::vector<AttachedRule>& out) {
  for (const auto& [key, rules] : found.policies.from) {
    auto inbound = std::ranges::find_if(
        proxy.inbounds, [&](const Inbound& i) { return i.address == key.address && i.port == key.port; });
    if (inbound == proxy.inbounds.end()) continue;
    for (const policy::Rule& rule : rules)
      out.push_back({"ClientSubset", envoy::split_cluster_name(inbound->tags), inbound->service, found.type,
                     inbound->tags, Json::array({envoy::host_port(key.address, key.port)}), rule});
  }
}

void add_outbound_rules(const ProxyView& proxy, const Matched& found, const std::vector<VipDomains>& domains,
                        std::vector<AttachedRule>& out) {
  std::map<std::string, std::size_t> at_index;  // by cluster name
  for (const Outbound& outbound : proxy.outbounds) {
    if (!outbound.legacy() || outbound.service().empty()) continue;
    std::string name = envoy::split_cluster_name(outbound.tags);
    auto known = at_index.find(name);
    if (known == at_index.end()) {
      const policy::Rule* rule = policy::find_rule(found.policies.to, outbound.tags);
      if (rule == nullptr) continue;
      known = at_index.emplace(name, out.size()).first;
      out.push_back({"DestinationSubset", name, outbound.service(), found.type, outbound.tags, Json::array(), *rule});
    }
    for (Json& address : addresses_of(outbound, domains)) {
      Json& list = out[known->second].addresses;
      if (std::ranges::find(list, address) == list.end()) list.push_back(std::move(address));
    }
  }
}

}  // namespace

Json attached_policies(const ProxyView& proxy, const MeshView& mesh) {
  if (proxy.gateway_type == "BUILTIN") return gateway_policies(proxy, mesh);
  Json items = Json::array();
  for (const auto& [attachment, policies] : attachments(proxy, mesh)) {
    Json entry = attachment.json();
    for (const ResourcePtr& each : policies)
      entry["matchedPolicies"][each->kind->type()].push_back(dated_meta_json(*each));
    items.push_back(std::move(entry));
  }
  return {{"kind", "SidecarDataplane"}, {"total", items.size()}, {"items", std::move(items)}};
}

Json attached_dataplanes(const Resource& policy, const MeshView& mesh) {
  Json items = Json::array();
  for (const auto& [name, dataplane] : mesh.all("Dataplane")) {
    ProxyView proxy = proxy_view(mesh, dataplane, {}, {});
    if (proxy.gateway_type == "BUILTIN") {
      for (Json& entry : gateway_attachments(policy, proxy, mesh)) items.push_back(std::move(entry));
      continue;
    }
    Json list = Json::array();
    for (const auto& [attachment, policies] : attachments(proxy, mesh, policy.kind->type()))
      for (const ResourcePtr& each : policies)
        if (each->kind == policy.kind && each->key() == policy.key()) list.push_back(attachment.json());
    if (list.empty()) continue;
    items.push_back({{"kind", "SidecarDataplane"},
                     {"dataplane", {{"mesh", dataplane->meta.mesh}, {"name", dataplane->meta.name}}},
                     {"attachments", std::move(list)}});
  }
  return {{"total", items.size()}, {"items", std::move(items)}};
}

Json attached_rules(const ProxyView& proxy, const MeshView& mesh) {
  const std::vector<VipDomains> domains = vip_domains(mesh);
  std::vector<AttachedRule> all;
  for (std::string_view type : policy::applied_kinds()) {
    Matched found = matched(type, proxy, mesh);
    add_inbound_rules(proxy, found, all);
    add_outbound_rules(proxy, found, domains, all);
    if (found.proxy) all.push_back({"SingleItem", {}, {}, type, {}, Json::array(), *found.proxy});
  }
  std::ranges::stable_sort(all, {}, [](const AttachedRule& rule) { return std::tie(rule.name, rule.type); });
  Json items = Json::array();
  for (const AttachedRule& rule : all) items.push_back(rule.json());
  return {{"total", items.size()}, {"items", std::move(items)}};
}

}  // namespace kumasim::cp::inspect
