/// Known bugs that a test can switch on, to show that the checkers find them. A value that is handed in, never a
/// global.
///
/// They take effect only in a build with the CMake option KUMASIM_PLANTED_BUGS.
#pragma once

#include <span>
#include <string>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp::policy {

struct PlantedBugs {
  bool rbac_rule_dropped = false;  ///< "rbac-rule-dropped": the RBAC filter of permissions is left out

  /// By their names. Unknown names are invalid arguments; in a build without planted bugs any name is unsupported.
  static Result<PlantedBugs> from_names(std::span<const std::string> names);
};

}  // namespace kumasim::cp::policy
