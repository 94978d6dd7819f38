/// Laws of chance for durations, in integer arithmetic: one seed gives one sequence on every machine.
#pragma once

#include <cstdint>

#include "kumasim/runtime/random.hpp"
#include "kumasim/runtime/time.hpp"

namespace kumasim::sim {

class DelayLaw {
 public:
  struct Range {
    Duration min{};
    Duration max{};
  };
  struct Percentiles {
    Duration p50{};
    Duration p99{};
  };

  /// No delay.
  DelayLaw() = default;
  static DelayLaw constant(Duration delay) { return DelayLaw(Law::constant, delay, {}); }
  /// Both ends included.
  static DelayLaw uniform(Range range) { return DelayLaw(Law::uniform, range.min, range.max); }
  static DelayLaw exponential(Duration mean) { return DelayLaw(Law::exponential, mean, {}); }
  /// REQUIRES: 0 < p50 <= p99. Its extreme tails (beyond six deviations) are cut.
  static DelayLaw lognormal(Percentiles percentiles) {
    return DelayLaw(Law::lognormal, percentiles.p50, percentiles.p99);
  }

  /// Never negative. A constant law draws nothing from `random`.
  Duration draw(Random& random) const;

 private:
  enum class Law : std::uint8_t { constant, uniform, exponential, lognormal };
  DelayLaw(Law law, Duration a, Duration b) : law_(law), a_(a), b_(b) {}

  Law law_ = Law::constant;
  Duration a_{};
  Duration b_{};
};

}  // namespace kumasim::sim
