/// A clock that a test sets.
#pragma once

#include "kumasim/runtime/clock.hpp"

namespace kumasim::cp::testing {

class ManualClock : public Clock {
 public:
  WallTime wall_now() const override { return wall; }
  MonotonicTime now() const override { return MonotonicTime(wall.time_since_epoch()); }

  WallTime wall = WallTime(std::chrono::seconds(1'800'000'000));
};

}  // namespace kumasim::cp::testing
