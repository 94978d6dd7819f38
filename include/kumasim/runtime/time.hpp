/// Time as the seam counts it: nanoseconds, one type for the wall and one for intervals, never mixed.
#pragma once

#include <chrono>

namespace kumasim {

using Duration = std::chrono::nanoseconds;

/// Calendar time, UTC. Certificates, creation times and logs use it; it may jump.
using WallTime = std::chrono::sys_time<Duration>;

/// The tag of monotonic time. It has no now(): only a Clock that was handed over can tell the time.
struct MonotonicTag {
  using duration = Duration;
};

/// Time that never runs backwards, counted from an unspecified start (in simulation: the start of the world).
using MonotonicTime = std::chrono::time_point<MonotonicTag, Duration>;

}  // namespace kumasim
