/// Names of planted bugs.
#include "reference-cp/policy/planted_bugs.hpp"

namespace kumasim::cp::policy {

Result<PlantedBugs> PlantedBugs::from_names(std::span<const std::string> names) {
  PlantedBugs bugs;
  for (const std::string& name : names) {
#ifndef KUMASIM_PLANTED_BUGS
    return fail(Code::unsupported, "this build has no planted bugs (CMake option KUMASIM_PLANTED_BUGS)", name);
#endif
    if (name != "rbac-rule-dropped")
      return fail(Code::invalid_argument, "no planted bug has the name \"" + name + "\"; there is rbac-rule-dropped",
                  name);
    bugs.rbac_rule_dropped = true;
  }
  return bugs;
}

}  // namespace kumasim::cp::policy
