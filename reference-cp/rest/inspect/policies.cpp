/// `/_policies` of a proxy, of an inbound, of an outbound and of a route, and `/_routes`.
#include <algorithm>

#include "reference-cp/policy/all.hpp"
#include "reference-cp/policy/match_hash.hpp"
#include "reference-cp/rest/inspect/views.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::inspect {
namespace {

using Json = nlohmann::json;

Json origin_kris(std::span<const policy::RuleOrigin> origins) {
  Json out = Json::array();
  for (const auto& origin : origins) out.push_back({{"kri", Kri::of(*origin.resource).to_string()}});
  return out;
}

/// The rule of the first identity that has one.
const policy::ResourceRule* first_rule(const policy::ResourceRules& rules, std::initializer_list<Kri> ids) {
  for (const Kri& id : ids)
    if (auto found = rules.find(id); found != rules.end()) return &found->second;
  return nullptr;
}

Kri mesh_kri(const MeshView& mesh) {
  Kri out;
  out.type = "Mesh";
  out.name = mesh.name();
  return out;
}

void add_conf(Json& list, std::string_view type, const policy::ResourceRule* rule) {
  if (rule != nullptr) list.push_back({{"kind", type}, {"conf", rule->confs}, {"origins", origin_kris(rule->origins)}});
}

Json list_of(Json policies) { return {{"policies", std::move(policies)}}; }

bool is_route(std::string_view type) { return type == "MeshHTTPRoute" || type == "MeshTCPRoute"; }

}  // namespace

Json proxy_policies(const ProxyView& proxy, const MeshView& mesh) {
  Json out = Json::array();
  for (std::string_view type : policy::applied_kinds()) {
    Matched found = matched(type, proxy, mesh);
    if (found.proxy)
      out.push_back({{"kind", type}, {"conf", found.proxy->conf}, {"origins", origin_kris(found.proxy->origins)}});
  }
  return list_of(std::move(out));
}

Result<Json> inbound_policies(const ProxyView& proxy, const MeshView& mesh, const Kri& inbound) {
  auto chosen = std::ranges::find_if(proxy.inbounds, [&](const Inbound& each) {
    std::string section = each.name.empty() ? std::to_string(each.port) : each.name;
    return inbound.section.empty() || inbound.section == section;
  });
  if (chosen == proxy.inbounds.end()) return fail(Code::internal, "inbound not found");
  Json out = Json::array();
  for (std::string_view type : policy::applied_kinds()) {
    Matched found = matched(type, proxy, mesh);
    auto rules = found.policies.rules.find({chosen->address, chosen->port});
    if (rules == found.policies.rules.end() || rules->second.empty()) continue;
    std::vector<policy::RuleOrigin> origins;
    Json list = Json::array();
    for (const policy::InboundRule& rule : rules->second) {
      origins.push_back(rule.origin);
      list.push_back({{"kri", Kri::of(*rule.origin.resource).to_string()}, {"conf", rule.conf}});
    }
    out.push_back({{"kind", type}, {"rules", std::move(list)}, {"origins", origin_kris(origins)}});
  }
  return list_of(std::move(out));
}

Json outbound_policies(const ProxyView& proxy, const MeshView& mesh, const Kri& outbound) {
  Json out = Json::array();
  for (std::string_view type : policy::applied_kinds()) {
    Matched found = matched(type, proxy, mesh);
    add_conf(out, type,
             first_rule(found.policies.to_resources, {outbound, outbound.without_section(), mesh_kri(mesh)}));
  }
  return list_of(std::move(out));
}

Json route_policies(const ProxyView& proxy, const MeshView& mesh, const Kri& outbound, const Kri& route) {
  Json out = Json::array();
  for (std::string_view type : policy::applied_kinds()) {
    if (is_route(type)) continue;
    Matched found = matched(type, proxy, mesh);
    add_conf(out, type,
             first_rule(found.policies.to_resources, {route, outbound, outbound.without_section(), mesh_kri(mesh)}));
  }
  return list_of(std::move(out));
}

Json outbound_routes(const ProxyView& proxy, const MeshView& mesh, const Kri& outbound) {
  Json out = Json::array();
  for (std::string_view type : policy::applied_kinds()) {
    if (!is_route(type)) continue;
    Matched found = matched(type, proxy, mesh);
    const policy::ResourceRule* rule = policy::find_rule(found.policies.to_resources, outbound);
    if (rule == nullptr) continue;
    Json list = Json::array();
    for (const Json& conf : rule->confs) {
      if (type == "MeshTCPRoute") {
        list.push_back({{"conf", conf.value("default", Json::object())}, {"kri", ""}, {"matches", nullptr}});
        continue;
      }
      for (const Json& each : at(conf, "rules")) {
        Json matches = each.value("matches", Json());
        auto origin = rule->origin_by_matches.find(policy::match_hash(matches));
        list.push_back(
            {{"conf", each.value("default", Json::object())},
             {"kri",
              origin == rule->origin_by_matches.end() ? std::string() : Kri::of(*origin->second.resource).to_string()},
             {"matches", std::move(matches)}});
      }
    }
    out.push_back({{"kind", type}, {"rules", std::move(list)}, {"origins", origin_kris(rule->origins)}});
  }
  return {{"routes", std::move(out)}};
}

}  // namespace kumasim::cp::inspect
