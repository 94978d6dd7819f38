/// TrafficPermission (old policy): which services may talk to which.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/old_rules.hpp"

namespace kumasim::cp {
namespace {

void validate(const Resource& resource, Violations& out) { validate_sides(resource.spec, any_tags, any_tags, out); }

}  // namespace

const Kind& kind::traffic_permission() {
  static const Kind out = [] {
    KindTable table = old_policy_table("TrafficPermission", "traffic-permission", "traffic-permissions", nullptr);
    table.text = "Which services may talk to which (old: use MeshTrafficPermission).";
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
