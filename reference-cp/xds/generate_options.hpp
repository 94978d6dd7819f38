/// What a caller can ask of generation beside the views.
#pragma once

#include "reference-cp/policy/planted_bugs.hpp"

namespace kumasim::cp {

class SharedGeneration;

struct GenerateOptions {
  policy::PlantedBugs planted;         ///< known bugs that a test switches on to show that the checkers find them
  bool include_shadow = false;         ///< policies marked `kuma.io/effect: shadow` take effect too
  SharedGeneration* shared = nullptr;  ///< remembers what other proxies get as well; the result is the same without
  bool in_one_piece = false;           ///< shares nothing: what tests hold the rest against
};

}  // namespace kumasim::cp
