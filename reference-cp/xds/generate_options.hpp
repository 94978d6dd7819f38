/// What a caller can ask of generation beside the views.
#pragma once

#include "reference-cp/policy/planted_bugs.hpp"

namespace kumasim::cp {

struct GenerateOptions {
  policy::PlantedBugs planted;  ///< known bugs that a test switches on to show that the checkers find them
  bool include_shadow = false;  ///< policies marked `kuma.io/effect: shadow` take effect too
};

}  // namespace kumasim::cp
