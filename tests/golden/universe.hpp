/// The zone that the corpus' documents are put into: `snapshot` is what its recordings are compared with.
#pragma once

#include "scenarios/behaviour/universe.hpp"

namespace kumasim::cp::golden {

using scenario::Identify;
using scenario::Universe;

}  // namespace kumasim::cp::golden
