#include "reference-cp/rest/inspect/subject.hpp"

#include <algorithm>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/timestamp.hpp"
#include "reference-cp/policy/resource_context.hpp"
#include "reference-cp/policy/single_conf.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::inspect {
namespace {

using Json = nlohmann::json;

/// What the policies of a kind that speaks of the whole proxy say together.
std::optional<policy::Rule> proxy_rule(const policy::MatchedPolicies& policies) {
  if (policies.policies.empty()) return std::nullopt;
  policy::Rule rule;
  rule.conf = policy::single_conf(policies);
  for (const policy::PolicyPtr& each : policies.policies) rule.origins.push_back({each->resource, 0});
  return rule;
}

}  // namespace

ProxyView matching_proxy(ResourcePtr dataplane) {
  ProxyView proxy;
  proxy.name = dataplane->meta.name;
  proxy.inbounds = inbounds_of(*dataplane);
  proxy.address = text_at(dataplane->spec, "networking", "address");
  if (const Json& gateway = at(dataplane->spec, "networking", "gateway"); gateway.is_object()) {
    proxy.gateway_type = text_at(gateway, "type");
    if (proxy.gateway_type.empty()) proxy.gateway_type = "DELEGATED";
  }
  proxy.dataplane = std::move(dataplane);
  return proxy;
}

ResourcePtr proxy_of_gateway(const Resource& gateway) {
  const Json& selectors = at(gateway.spec, "selectors");
  if (!selectors.is_array() || selectors.empty()) return nullptr;
  auto proxy = std::make_shared<Resource>();
  proxy->kind = &kind::dataplane();
  proxy->meta = gateway.meta;
  const Json& tags = at(selectors.front(), "match");
  proxy->spec["networking"]["gateway"] = {{"type", "BUILTIN"}, {"tags", tags.is_object() ? tags : Json::object()}};
  return proxy;
}

Matched matched(std::string_view type, const ProxyView& proxy, const MeshView& mesh) {
  Matched out{.type = type, .policies = policy::match_policies(type, proxy, mesh), .proxy = std::nullopt};
  const Kind* kind = find_kind(type);
  if (kind == nullptr) return out;
  const KindTable& table = kind->table();
  if (!table.has_from) {
    out.policies.from.clear();
    out.policies.rules.clear();
  }
  if (!table.has_from && !table.has_to && !table.has_rules) out.proxy = proxy_rule(out.policies);
  return out;
}

Json meta_json(const Resource& resource) {
  return {{"type", resource.kind->type()},
          {"mesh", resource.meta.mesh},
          {"name", resource.meta.name},
          {"labels", resource.meta.labels}};
}

Json dated_meta_json(const Resource& resource) {
  Json out = meta_json(resource);
  if (resource.meta.labels.empty()) out.erase("labels");
  out["creationTime"] = print_timestamp(resource.meta.creation);
  out["modificationTime"] = print_timestamp(resource.meta.modification);
  return out;
}

Result<Kri> read_kri(std::string_view text) {
  const std::string quoted = Json(std::string(text)).dump();
  if (std::ranges::count(text, '_') < 6) return fail(Code::invalid_argument, "invalid identifier string: " + quoted);
  if (!text.starts_with("kri_")) return fail(Code::invalid_argument, "identifier must start with 'kri': " + quoted);
  if (auto kri = policy::parse_kri(text)) return *kri;
  const std::string short_name(text.substr(4, text.find('_', 4) - 4));
  return fail(Code::invalid_argument, "unknown short name of resource type: " + Json(short_name).dump());
}

}  // namespace kumasim::cp::inspect
