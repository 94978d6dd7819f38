/// MeshProxyPatch: changes to Envoy's own resources, after all other policies.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/rules/proxy_patch.hpp"
#include "reference-cp/model/rules/target_ref_rules.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;

SchemaPtr json_patches() {
  return list(object({
      required({"op", enumeration({"add", "remove", "replace", "move", "copy"}), "operation of RFC 6902"}),
      required({"path", string(), "JSON pointer to what is changed"}),
      {"value", any(), "the new value, with add and replace"},
      {"from", string(), "JSON pointer to the source, with move and copy"},
  }));
}

Field origin() { return {"origin", string(), "which part of the control plane made it: inbound, outbound, ..."}; }

/// Operation, value and patches, which all modifications have.
SchemaPtr modification(Field match, std::vector<std::string> operations) {
  return object({
      std::move(match),
      required({"operation", enumeration(std::move(operations)), "what is done"}),
      {"value", string(), "Envoy's resource in YAML"},
      {"jsonPatches", json_patches(), "changes by JSON patch, instead of a value"},
  });
}

SchemaPtr filter(std::string what) {
  SchemaPtr match = object({
      origin(),
      {"name", string(), "its name"},
      {"listenerName", string(), "name of its listener"},
      {"listenerTags", map(string()), "tags of its listener"},
  });
  return modification({"match", match, std::move(what)},
                      {"Remove", "Patch", "AddFirst", "AddBefore", "AddAfter", "AddLast"});
}

SchemaPtr conf() {
  const std::vector<std::string> whole = {"Add", "Remove", "Patch"};
  SchemaPtr cluster = object({origin(), {"name", string(), "its name"}});
  SchemaPtr listener =
      object({origin(), {"name", string(), "its name"}, {"tags", map(string()), "tags of its metadata"}});
  SchemaPtr host = object({
      origin(),
      {"name", string(), "its name"},
      {"routeConfigurationName", string(), "name of its route configuration"},
  });
  SchemaPtr one = object({
      {"cluster", modification({"match", cluster, "which clusters"}, whole), "changes clusters"},
      {"listener", modification({"match", listener, "which listeners"}, whole), "changes listeners"},
      {"networkFilter", filter("which network filters"), "changes network filters"},
      {"httpFilter", filter("which HTTP filters"), "changes HTTP filters"},
      {"virtualHost", modification(required({"match", host, "which virtual hosts"}), whole), "changes virtual hosts"},
  });
  return object({{"appendModifications", list(one), "the changes, in order"}});
}

void validate(const Resource& resource, Violations& out) {
  EnvoyTexts unchecked;
  validate_proxy_patch(resource, out, unchecked);
}

}  // namespace

const Kind& kind::mesh_proxy_patch() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshProxyPatch", "meshproxypatch", "meshproxypatches", "mpp");
    table.plural_text = "Mesh Proxy Patches";
    table.text = "Changes to Envoy's own resources.";
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        required({"default", conf(), "the configuration"}),
    });
    table.validate = validate;
    table.warn = warn_top_level;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
