/// TrafficTrace (old policy): which proxies trace, and to which backend of the mesh.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

void validate(const Resource& resource, Violations& out) {
  validate_selectors(at(resource.spec, "selectors"), any_tags, Path("selectors"), out);
}

}  // namespace

const Kind& kind::traffic_trace() {
  static const Kind out = [] {
    KindTable table = flat_table("TrafficTrace", "traffic-trace", "traffic-traces", "");
    table.text = "Which proxies trace (old: use MeshTrace).";
    table.policy = true;
    table.kds = {.global_to_zones = true};
    SchemaPtr conf = schema::message("kuma.mesh.v1alpha1.TrafficTrace.Conf",
                                     {{"backend", schema::string(), "the backend; the mesh's default when absent"}});
    table.schema = schema::message("kuma.mesh.v1alpha1.TrafficTrace", {{"selectors", selectors_schema(), "the proxies"},
                                                                       {"conf", std::move(conf), "what is set"}});
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
