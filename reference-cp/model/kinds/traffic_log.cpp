/// TrafficLog (old policy): which traffic is logged, and to which backend of the mesh.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/old_rules.hpp"

namespace kumasim::cp {
namespace {

void validate(const Resource& resource, Violations& out) {
  validate_sides(resource.spec, service_tags, only_service_tag, out);
}

}  // namespace

const Kind& kind::traffic_log() {
  static const Kind out = [] {
    SchemaPtr conf = schema::message("kuma.mesh.v1alpha1.TrafficLog.Conf",
                                     {{"backend", schema::string(), "the backend; the mesh's default when absent"}});
    KindTable table = old_policy_table("TrafficLog", "traffic-log", "traffic-logs", std::move(conf));
    table.text = "Which traffic is logged (old: use MeshAccessLog).";
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
