/// MeshTrafficPermission: which clients may talk to a proxy.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/rules/network.hpp"
#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

SchemaPtr matches() {
  return list(object({
      {"spiffeID",
       object({
           required({"type", enumeration({"Exact", "Prefix"}), "how the identity is compared"}),
           required({"value", string(), "a SPIFFE ID, or its beginning"}),
       }),
       "the identity of the client"},
  }));
}

void validate(const Resource& resource, Violations& out) {
  const Path path("spec");
  const json& from = at(resource.spec, "from");
  const json& rules = at(resource.spec, "rules");
  validate_top_level(resource,
                     {.kinds = {"Mesh", "MeshSubset", "MeshService", "MeshServiceSubset", "Dataplane"},
                      .inbound = affects_inbounds(resource)},
                     out);
  if (!from.empty() && !rules.empty()) out.add(path, "field 'from' must be empty when 'rules' is defined");
  if (from.empty() && rules.empty()) out.add(path, "at least one of 'from' or 'rules' has to be defined");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const json& conf = at(rules[i], "default");
    Path rule = path.at("rules").at(i);
    if (at(conf, "deny").empty() && at(conf, "allow").empty() && at(conf, "allowWithShadowDeny").empty()) {
      out.add(rule, "at least one of 'allow', 'allowWithShadowDeny', 'deny' has to be defined");
    }
    for (const char* field : {"allow", "allowWithShadowDeny", "deny"}) {
      const json& list = at(conf, field);
      for (std::size_t m = 0; m < list.size(); ++m) {
        // Kuma's path leaves `default` out.
        if (has(list[m], "spiffeID") && !is_spiffe_id(text_at(at(list[m], "spiffeID"), "value"))) {
          out.add(rule.at(field).at(m).at("spiffeID"), "must be a valid Spiffe ID");
        }
      }
    }
  }
  for (std::size_t i = 0; i < from.size(); ++i) {
    Path item = path.at("from").at(i);
    validate_target_ref(at(from[i], "targetRef"), {.kinds = {"Mesh", "MeshSubset", "MeshService", "MeshServiceSubset"}},
                        item.at("targetRef"), out);
    if (text_at(at(from[i], "default"), "action").empty()) out.add(item.at("default").at("action"), "must be defined");
  }
}

void warn(const Resource& resource, std::vector<std::string>& out) {
  warn_top_level(resource, out);
  for (const auto& item : at(resource.spec, "from")) {
    if (text_at(at(item, "targetRef"), "kind") == "MeshService") {
      out.push_back(
          "MeshService value for 'from[].targetRef.kind' is deprecated, use MeshSubset with 'kuma.io/service' instead");
    }
  }
}

}  // namespace

const Kind& kind::mesh_traffic_permission() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshTrafficPermission", "meshtrafficpermission", "meshtrafficpermissions", "mtp");
    table.text = "Which clients may talk to a proxy.";
    table.has_from = table.has_rules = true;
    SchemaPtr from =
        object({{"action", enumeration({"Allow", "Deny", "AllowWithShadowDeny"}), "what is done with the client"}});
    SchemaPtr rule = object({
        {"deny", matches(), "clients that are refused"},
        {"allowWithShadowDeny", matches(), "clients that are let in and logged as if refused"},
        {"allow", matches(), "clients that are let in"},
    });
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        {"from", target_list_schema(from, "the clients"), "permissions by tags of the clients"},
        {"rules", list(object({required({"default", rule, "the permissions"})})),
         "permissions by identity of the clients"},
    });
    table.validate = validate;
    table.warn = warn;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
