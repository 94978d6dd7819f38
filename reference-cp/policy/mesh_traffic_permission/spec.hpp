/// MeshTrafficPermission's confs (Kuma docs, "Mesh Traffic Permission").
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace kumasim::cp::policy::mesh_traffic_permission {

/// Of a `from` entry. A client that several rules hold for is let in if any of them allows it.
enum class Action { none, allow, deny, allow_with_shadow_deny };

Action action_from_json(const nlohmann::json& conf);

struct SpiffeMatch {
  bool prefix = false;  ///< else exact
  std::string value;
};

/// Of a `rules` entry: clients by SPIFFE ID. Of one entry, deny comes before allow; who is in none is denied.
struct RuleConf {
  std::vector<SpiffeMatch> deny, allow, allow_with_shadow_deny;
  bool has_shadow_deny = false;  ///< the list is there, if empty

  static RuleConf from_json(const nlohmann::json& conf);
};

}  // namespace kumasim::cp::policy::mesh_traffic_permission
