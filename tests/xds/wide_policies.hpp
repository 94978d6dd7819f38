/// Policies and routes for wide_mesh.hpp.
#pragma once

#include "tests/xds/wide_mesh.hpp"

namespace kumasim::cp {

/// To be called in a generator, as the others here. From the whole range in small cases too.
inline int pick(int count) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, count)); }
inline bool one_of(int count) { return pick(count) == 0; }

WideWrite any_policy();

}  // namespace kumasim::cp
