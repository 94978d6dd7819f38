/// Kuma's rules for targetRef: allowed kinds, and for each kind the fields that must or must not be set.
#include "reference-cp/model/rules/target_ref_rules.hpp"

#include <algorithm>

#include "reference-cp/model/rules/tags.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

bool is_set(const json& ref, std::string_view field) {
  const json& value = at(ref, field);
  return value.is_string() ? !value.get_ref<const std::string&>().empty() : !value.empty();
}

/// One reference under judgement.
struct Judge {
  const json& ref;
  std::string kind;
  const TargetRefRules& rules;
  const Path& path;
  Violations& out;

  void disallow(std::initializer_list<const char*> fields) const {
    for (const char* field : fields) {
      if (is_set(ref, field)) out.add(path.at(field), "must not be set with kind " + kind);
    }
  }

  void require_name() const {
    if (!is_set(ref, "name")) out.add(path.at("name"), "must be set with kind " + kind);
  }

  void require_name_or_labels() const {
    if (!is_set(ref, "labels")) require_name();
  }

  void name_or_labels(const char* message) const {
    if (is_set(ref, "labels") && (is_set(ref, "name") || is_set(ref, "namespace"))) out.add(path.at("labels"), message);
  }

  void name_characters() const {
    std::string name = text_at(ref, "name");
    if (std::ranges::find(rules.names_beyond, name) != rules.names_beyond.end()) return;
    if (!is_name(name)) {
      out.add(path.at("name"),
              "invalid characters: must consist of lower case alphanumeric characters, '-', '.' and '_'.");
    }
  }

  void proxy_types() const {
    if (has(ref, "proxyTypes") && at(ref, "proxyTypes").empty()) {
      out.add(path.at("proxyTypes"), "must be undefined or have at least one element");
    }
  }

  void mesh() const {
    if (is_set(ref, "name")) out.add(path.at("name"), "using name with kind Mesh is not yet supported");
    disallow({"mesh", "tags", "labels", "namespace", "sectionName"});
    proxy_types();
  }

  void dataplane() const {
    disallow({"tags", "mesh", "proxyTypes"});
    name_or_labels("either labels or name and namespace must be specified");
    if (!rules.inbound && is_set(ref, "sectionName"))
      out.add(path.at("sectionName"), "can only be used with inbound policies");
  }

  void mesh_subset() const {
    disallow({"name", "mesh"});
    validate_tags(at(ref, "tags"), {}, path.at("tags"), out);
    disallow({"labels", "namespace", "sectionName"});
    proxy_types();
  }

  void real_resource() const {
    name_characters();
    disallow({"mesh", "tags", "proxyTypes"});
    if (kind == "MeshHTTPRoute") disallow({"sectionName"});
    require_name_or_labels();
    name_or_labels(kind == "MeshExternalService" ? "either labels or name must be specified"
                                                 : "either labels or name and namespace must be specified");
    if (kind == "MeshExternalService") disallow({"sectionName"});
  }

  void subset_or_gateway() const {
    require_name();
    name_characters();
    disallow({"mesh", "proxyTypes"});
    validate_selector(at(ref, "tags"), {}, path.at("tags"), out);
    if (kind == "MeshGateway" && !rules.gateway_listener_tags) disallow({"tags"});
    disallow({"labels", "namespace", "sectionName"});
  }
};

}  // namespace

void validate_target_ref(const json& ref, const TargetRefRules& rules, const Path& path, Violations& out) {
  std::string kind = text_at(ref, "kind");
  if (kind.empty()) return out.add(path.at("kind"), "must be defined");
  if (std::ranges::find(rules.kinds, kind) == rules.kinds.end()) return out.add(path.at("kind"), rules.kind_message);
  Judge judge{ref, kind, rules, path, out};
  if (kind == "Mesh") judge.mesh();
  if (kind == "Dataplane") judge.dataplane();
  if (kind == "MeshSubset") judge.mesh_subset();
  if (kind == "MeshService" || kind == "MeshHTTPRoute" || kind == "MeshExternalService") judge.real_resource();
  if (kind == "MeshServiceSubset" || kind == "MeshGateway") judge.subset_or_gateway();
}

void validate_top_level(const Resource& policy, const TargetRefRules& rules, Violations& out) {
  if (!has(policy.spec, "targetRef")) return;
  validate_target_ref(at(policy.spec, "targetRef"), rules, Path("spec").at("targetRef"), out);
}

bool affects_inbounds(const Resource& policy) {
  return !at(policy.spec, "rules").empty() || !at(policy.spec, "from").empty();
}

std::string top_level_kind(const json& spec) {
  return has(spec, "targetRef") ? text_at(at(spec, "targetRef"), "kind") : "Mesh";
}

bool includes_gateways(const json& spec) {
  std::string kind = top_level_kind(spec);
  if (kind == "MeshGateway" || kind == "MeshHTTPRoute") return true;
  if (kind != "Mesh" && kind != "MeshSubset") return false;
  const json& types = at(at(spec, "targetRef"), "proxyTypes");
  return types.empty() || std::ranges::find(types, json("Gateway")) != types.end();
}

void external_service_needs_mesh(const Resource& policy, const json& ref, const Path& path, Violations& out) {
  if (text_at(ref, "kind") != "MeshExternalService" || top_level_kind(policy.spec) == "Mesh") return;
  out.add(path.at("kind"),
          "kind MeshExternalService is only allowed with targetRef.kind: Mesh as it is configured on the Zone Egress "
          "and shared by all clients in the mesh");
}

bool is_system_policy(const Resource& policy) {
  std::string role = policy.meta.label("kuma.io/policy-role");
  return role.empty() || role == "system";
}

void warn_top_level(const Resource& policy, std::vector<std::string>& out) {
  std::string kind = top_level_kind(policy.spec);
  if (kind == "MeshService" || kind == "MeshServiceSubset" || kind == "MeshSubset") {
    out.push_back("MeshSubset value for 'targetRef.kind' is deprecated, use Dataplane with labels instead");
  }
}

void warn_from(const Resource& policy, std::vector<std::string>& out) {
  if (!at(policy.spec, "from").empty()) out.push_back("'from' field is deprecated, use 'rules' instead");
}

void validate_backend_ref(const json& ref, const Path& path, Violations& out) {
  if (text_at(ref, "kind") == "MeshMultiZoneService" && !has(ref, "port")) {
    out.add(path.at("port"), "must be defined with kind MeshMultiZoneService");
  }
}

}  // namespace kumasim::cp
