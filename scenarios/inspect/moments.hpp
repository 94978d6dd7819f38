/// Points in time of a run as people and programs read them: from the moment when the mesh was up, negative before it.
#pragma once

#include <string>

#include <fmt/format.h>

#include "kumasim/runtime/time.hpp"
#include "kumasim/scenario/quantity.hpp"

namespace kumasim::scenario {

/// `since_up` counts from the moment when the mesh was up: "61.2s", "1.4s before the mesh was up".
inline std::string moment_text(Duration since_up) {
  if (since_up >= Duration(0)) return duration_text(since_up);
  return fmt::format("{} before the mesh was up", duration_text(-since_up));
}

inline double moment_seconds(Duration since_up) { return static_cast<double>(since_up.count()) / 1e9; }

}  // namespace kumasim::scenario
