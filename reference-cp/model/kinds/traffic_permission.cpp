/// TrafficPermission (old policy): which services may talk to which.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/tags.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

void validate(const Resource& resource, Violations& out) {
  for (const char* side : {"sources", "destinations"}) {
    validate_selectors(at(resource.spec, side), {.tag_needed = true}, Path(side), out);
  }
}

}  // namespace

const Kind& kind::traffic_permission() {
  static const Kind out = [] {
    KindTable table = flat_table("TrafficPermission", "traffic-permission", "traffic-permissions", "");
    table.text = "Which services may talk to which (old: use MeshTrafficPermission).";
    table.policy = true;
    table.kds = {.global_to_zones = true};
    table.schema =
        schema::message("kuma.mesh.v1alpha1.TrafficPermission",
                        {{"sources", selectors_schema(), "clients"}, {"destinations", selectors_schema(), "servers"}});
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
