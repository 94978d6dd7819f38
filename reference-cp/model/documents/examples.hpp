/// One valid resource of each kind, for documentation.
#pragma once

#include <string_view>

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

/// YAML in the Universal form, ending with a line break.
std::string_view example_of(const Kind& kind);

}  // namespace kumasim::cp
