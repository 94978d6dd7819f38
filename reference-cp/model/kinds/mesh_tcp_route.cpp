/// MeshTCPRoute: where connections go.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

void validate_backends(const json& rule, const Path& path, Violations& out) {
  const json& refs = at(at(rule, "default"), "backendRefs");
  Path here = path.at("default").at("backendRefs");
  if (refs.empty()) out.add(here, "must be defined");
  for (std::size_t i = 0; i < refs.size(); ++i) {
    validate_target_ref(refs[i],
                        {.kinds = {"MeshService", "MeshServiceSubset", "MeshExternalService", "MeshMultiZoneService"}},
                        here.at(i), out);
    validate_backend_ref(refs[i], here.at(i), out);
  }
}

void validate(const Resource& resource, Violations& out) {
  TargetRefRules rules{.kinds = {"Mesh", "MeshSubset", "MeshService", "MeshServiceSubset", "Dataplane"}};
  if (is_system_policy(resource)) {
    rules.kinds.push_back("MeshGateway");
    rules.gateway_listener_tags = true;
  }
  validate_top_level(resource, rules, out);
  std::vector<std::string> kinds = {"MeshService", "MeshExternalService", "MeshMultiZoneService"};
  if (top_level_kind(resource.spec) == "MeshGateway") kinds = {"Mesh"};
  const json& to = at(resource.spec, "to");
  for (std::size_t i = 0; i < to.size(); ++i) {
    Path item = Path("spec").at("to").at(i);
    validate_target_ref(at(to[i], "targetRef"), {.kinds = kinds}, item.at("targetRef"), out);
    const json& routes = at(to[i], "rules");
    for (std::size_t r = 0; r < routes.size(); ++r) validate_backends(routes[r], item.at("rules").at(r), out);
  }
}

}  // namespace

const Kind& kind::mesh_tcp_route() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshTCPRoute", "meshtcproute", "meshtcproutes", "mtcpr");
    table.text = "Where connections go.";
    table.has_to = true;
    SchemaPtr rule = object({
        required({"default",
                  object({{"backendRefs", list(backend_ref_schema()), "where the connections go, by weight"}}),
                  "what is done with them"}),
    });
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        {"to",
         list(object({
                  required({"targetRef", target_ref_schema(), "the destination that is routed anew"}),
                  required({"rules", list(rule, 0, 1), "what is done; one at most"}),
              }),
              1, INT32_MAX),
         "routes for outbound traffic"},
    });
    table.validate = validate;
    table.warn = warn_top_level;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
