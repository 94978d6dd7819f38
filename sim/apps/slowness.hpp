/// Periods in which applications are slow: all that share a seed are slow at the same times, over restarts too.
#pragma once

#include <cstdint>

#include "kumasim/runtime/time.hpp"
#include "kumasim/sim/seeded_random.hpp"

namespace kumasim::sim {

/// The lengths of the periods, and of the times between them, are exponential.
struct Slowness {
  Duration every = {};       ///< mean time from the end of a period to the next; zero: there are none
  Duration lasts = {};       ///< mean length of a period
  std::uint32_t factor = 1;  ///< how many times as long the latency and the sleeps of a request are that begins in one
  std::uint64_t seed = 0;
};

/// Asked with times that never go back.
class SlowPeriods {
 public:
  explicit SlowPeriods(const Slowness& slowness);
  bool slow(MonotonicTime now);

 private:
  void advance();

  Slowness slowness_;
  SeededRandom random_;
  MonotonicTime begin_ = {}, end_ = {};  // of the current period or the next
};

}  // namespace kumasim::sim
