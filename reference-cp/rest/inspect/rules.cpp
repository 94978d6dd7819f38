/// `/_rules`: every rule that a proxy has, by whom it speaks of.
#include <algorithm>
#include <map>

#include "reference-cp/policy/all.hpp"
#include "reference-cp/policy/match_hash.hpp"
#include "reference-cp/policy/resolve.hpp"
#include "reference-cp/rest/inspect/views.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::inspect {
namespace {

using Json = nlohmann::json;

Json origins_json(std::span<const policy::RuleOrigin> origins) {
  Json out = Json::array();
  for (const auto& origin : origins) out.push_back(meta_json(*origin.resource));
  return out;
}

Json indexed_origins(std::span<const policy::RuleOrigin> origins) {
  Json out = Json::array();
  for (const auto& origin : origins)
    out.push_back({{"resourceMeta", meta_json(*origin.resource)}, {"ruleIndex", origin.index}});
  return out;
}

Json rule_json(const policy::Rule& rule) {
  Json matchers = Json::array();
  for (const policy::Tag& tag : rule.subset)
    matchers.push_back({{"key", tag.key}, {"value", tag.value}, {"not", tag.negated}});
  return {{"conf", rule.conf}, {"matchers", std::move(matchers)}, {"origin", origins_json(rule.origins)}};
}

Json inbound_json(const ProxyView& proxy, const policy::InboundKey& key) {
  Json out = {{"port", key.port}, {"tags", Json::object()}};
  auto inbound = std::ranges::find(proxy.inbounds, key.port, &Inbound::port);
  if (inbound != proxy.inbounds.end() && !inbound->name.empty()) out["name"] = inbound->name;
  if (!proxy.gateway_type.empty()) {
    if (const Json& tags = at(proxy.dataplane->spec, "networking", "gateway", "tags"); tags.is_object())
      out["tags"] = tags;
  } else if (inbound != proxy.inbounds.end()) {
    out["tags"] = inbound->tags;
  }
  return out;
}

Json from_json(const ProxyView& proxy, const policy::MatchedPolicies& policies) {
  Json out = Json::array();
  for (const auto& [key, rules] : policies.from) {
    if (rules.empty()) continue;
    Json list = Json::array();
    for (const policy::Rule& rule : rules) list.push_back(rule_json(rule));
    out.push_back({{"inbound", inbound_json(proxy, key)}, {"rules", std::move(list)}});
  }
  return out;
}

Json inbound_rules_json(const ProxyView& proxy, const policy::MatchedPolicies& policies) {
  Json out = Json::array();
  for (const auto& [key, rules] : policies.rules) {
    if (rules.empty()) continue;
    Json list = Json::array();
    for (const policy::InboundRule& rule : rules)
      list.push_back({{"conf", Json::array({rule.conf})}, {"origin", indexed_origins({&rule.origin, 1})}});
    out.push_back({{"inbound", inbound_json(proxy, key)}, {"rules", std::move(list)}});
  }
  return out;
}

/// A rule's resource; the mesh itself has no mesh of its own.
Json target_json(const Kri& id, const MeshView& mesh) {
  if (id.type == "Mesh" && mesh.mesh() != nullptr) return meta_json(*mesh.mesh());
  if (ResourcePtr resource = policy::find_resource(mesh, id)) return meta_json(*resource);
  return {{"type", id.type}, {"mesh", id.mesh}, {"name", id.name}, {"labels", Json::object()}};
}

Json resource_rules_json(const policy::ResourceRules& rules, const MeshView& mesh) {
  std::vector<Json> out;
  for (const auto& [id, rule] : rules)
    out.push_back({{"conf", rule.confs},
                   {"origin", indexed_origins(rule.origins)},
                   {"resourceMeta", target_json(id, mesh)},
                   {"resourceSectionName", id.section}});
  std::ranges::stable_sort(out, {}, [](const Json& rule) { return rule["resourceMeta"]["name"].get<std::string>(); });
  return out;
}

}  // namespace

Json rules(const Resource& subject, const ProxyView& proxy, const MeshView& mesh) {
  const bool exclusive = mesh.mesh_services_mode() == "Exclusive";
  std::map<std::string, Json> matches;  // by hash
  Json list = Json::array();
  for (std::string_view type : policy::applied_kinds()) {
    Matched found = matched(type, proxy, mesh);
    const policy::MatchedPolicies& policies = found.policies;
    if (type == "MeshHTTPRoute")
      for (const policy::Rule& rule : policies.to)
        for (const Json& each : at(rule.conf, "rules")) {
          Json one = each.value("matches", Json());
          std::string hash = policy::match_hash(one);
          matches[hash] = std::move(one);
        }
    if (policies.to.empty() && policies.from.empty() && !found.proxy) continue;
    Json to = Json::array();
    // With real resources only, rules by tags hold for nothing.
    if (!exclusive)
      for (const policy::Rule& rule : policies.to) to.push_back(rule_json(rule));
    Json item = {{"type", type},
                 {"toRules", std::move(to)},
                 {"toResourceRules", resource_rules_json(policies.to_resources, mesh)},
                 {"fromRules", from_json(proxy, policies)},
                 {"inboundRules", inbound_rules_json(proxy, policies)},
                 {"warnings", Json::array()}};
    if (found.proxy) item["proxyRule"] = {{"conf", found.proxy->conf}, {"origin", origins_json(found.proxy->origins)}};
    bool any = found.proxy.has_value();
    for (const char* part : {"toRules", "toResourceRules", "fromRules", "inboundRules"})
      any = any || !item[part].empty();
    if (any) list.push_back(std::move(item));
  }
  Json http = Json::array();
  for (const auto& [hash, match] : matches) http.push_back({{"hash", hash}, {"match", match}});
  return {{"httpMatches", std::move(http)}, {"resource", meta_json(subject)}, {"rules", std::move(list)}};
}

}  // namespace kumasim::cp::inspect
