/// The clock that is handed to whoever may know the time.
#pragma once

#include "kumasim/runtime/time.hpp"

namespace kumasim {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Calendar time; two readings may run backwards where the machine's clock is set.
  virtual WallTime wall_now() const = 0;
  /// Never runs backwards.
  virtual MonotonicTime now() const = 0;
};

}  // namespace kumasim
