/// Known bugs that a test can switch on, to show that the checkers find them. A value that is handed in, never a global.
#pragma once

namespace kumasim::cp::policy {

struct PlantedBugs {
  bool rbac_rule_dropped = false;  ///< the RBAC filter of MeshTrafficPermission is left out
};

}  // namespace kumasim::cp::policy
