/// How a wall clock is wrong, as a function of time.
#pragma once

#include <cstdint>

#include "kumasim/runtime/time.hpp"

namespace kumasim::sim {

struct WallSkew {
  enum class Kind : std::uint8_t {
    offset,  ///< it is off by `by`
    drift,   ///< it gains `rate_ppm` parts of a million
    strobe,  ///< off by `by` for a period, right for the next
    step,    ///< `by` further off each period
    freeze,  ///< it stands still
    sine,    ///< it swings by `by` to both sides, once forth and back each period
  };
  Kind kind = Kind::offset;
  Duration by{};
  Duration period = std::chrono::seconds(1);  ///< > 0
  std::int64_t rate_ppm = 0;
  MonotonicTime since{};

  /// How far off it is; never more than a century. REQUIRES: now >= since.
  Duration at(MonotonicTime now) const;
};

}  // namespace kumasim::sim
