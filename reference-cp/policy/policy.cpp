/// Decoding of targetRef policies.
#include "reference-cp/policy/policy.hpp"

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp::policy {
namespace {

using Json = nlohmann::json;

constexpr MergeShape plain{};
constexpr MergeShape http_route{.split_by = "hostnames", .keyed_list = "rules", .key = "matches", .first_wins = true};

Json default_of(const Json& entry) {
  auto found = entry.find("default");
  return found != entry.end() && found->is_object() ? *found : Json::object();
}

/// The routes have rules instead of a default: all of them (HTTP), or the one that a TCP route may have, whose absence
/// means the destination itself.
Json conf_of(std::string_view type, const Json& entry) {
  auto rules = entry.find("rules");
  bool has_rules = rules != entry.end() && rules->is_array() && !rules->empty();
  if (type == "MeshHTTPRoute") {
    Json conf = {{"rules", has_rules ? *rules : Json::array()}};
    if (auto hostnames = entry.find("hostnames"); hostnames != entry.end() && hostnames->is_array())
      conf["hostnames"] = *hostnames;
    return conf;
  }
  if (type == "MeshTCPRoute") {
    if (has_rules) return rules->front();
    Json itself = entry.value("targetRef", Json::object());
    itself["weight"] = 1;
    return Json{{"default", {{"backendRefs", Json::array({itself})}}}};
  }
  return default_of(entry);
}

std::vector<Entry> entries(const Resource& resource, const char* field) {
  std::vector<Entry> list;
  auto found = resource.spec.find(field);
  if (found == resource.spec.end() || !found->is_array()) return list;
  for (const Json& entry : *found) {
    auto ref = entry.find("targetRef");
    list.push_back(
        {TargetRef::from_json(ref != entry.end() ? *ref : Json()), conf_of(resource.kind->type(), entry), list.size()});
  }
  return list;
}

}  // namespace

PolicyPtr decode_policy(ResourcePtr resource) {
  auto policy = std::make_shared<Policy>();
  auto ref = resource->spec.find("targetRef");
  policy->target_ref = TargetRef::from_json(ref != resource->spec.end() ? *ref : Json());
  policy->to = entries(*resource, "to");
  policy->from = entries(*resource, "from");
  policy->rules = entries(*resource, "rules");
  policy->resource = std::move(resource);
  return policy;
}

const MergeShape& shape_of(std::string_view type) { return type == "MeshHTTPRoute" ? http_route : plain; }

std::string display_name(const Meta& meta) {
  std::string name = meta.label("kuma.io/display-name");
  return name.empty() ? meta.name : name;
}

bool is_shadow(const Meta& meta) { return meta.label("kuma.io/effect") == "shadow"; }

}  // namespace kumasim::cp::policy
