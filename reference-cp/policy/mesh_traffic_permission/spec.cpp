/// MeshTrafficPermission's confs from JSON.
#include "reference-cp/policy/mesh_traffic_permission/spec.hpp"

#include "reference-cp/policy/conf_read.hpp"

namespace kumasim::cp::policy::mesh_traffic_permission {
namespace {

std::vector<SpiffeMatch> matches(const nlohmann::json& conf, const char* key) {
  std::vector<SpiffeMatch> list;
  for (const nlohmann::json& match : list_at(conf, key)) {
    const nlohmann::json& id = at(match, "spiffeID");
    if (id.is_object()) list.push_back({text_at(id, "type") == "Prefix", text_at(id, "value")});
  }
  return list;
}

}  // namespace

Action action_from_json(const nlohmann::json& conf) {
  std::string action = text_at(conf, "action");
  if (action == "Allow") return Action::allow;
  if (action == "Deny") return Action::deny;
  return action == "AllowWithShadowDeny" ? Action::allow_with_shadow_deny : Action::none;
}

RuleConf RuleConf::from_json(const nlohmann::json& conf) {
  return {.deny = matches(conf, "deny"),
          .allow = matches(conf, "allow"),
          .allow_with_shadow_deny = matches(conf, "allowWithShadowDeny"),
          .has_shadow_deny = at(conf, "allowWithShadowDeny").is_array()};
}

}  // namespace kumasim::cp::policy::mesh_traffic_permission
