/// Laws of chance for durations, in integer arithmetic: one seed gives one sequence on every machine.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

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
  struct Bell {
    Duration mean{};
    Duration deviation{};
  };
  /// So many of a million are slow.
  struct Modes {
    Duration fast{};
    Duration slow{};
    std::uint32_t slow_ppm = 0;
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
  /// REQUIRES: neither is negative. What would be below 0 is 0, which moves the mean where it is below three
  /// deviations.
  static DelayLaw normal(Bell bell) { return DelayLaw(Law::normal, bell.mean, bell.deviation); }
  static DelayLaw bimodal(Modes modes) { return DelayLaw(Law::bimodal, modes.fast, modes.slow, modes.slow_ppm); }

  /// Each is one of the measured, whichever. REQUIRES: there are some, none is negative.
  static DelayLaw trace(std::vector<Duration> measured) {
    DelayLaw out(Law::trace, {}, {});
    out.measured_ = std::make_shared<const std::vector<Duration>>(std::move(measured));
    return out;
  }

  /// Never negative. A constant law draws nothing from `random`.
  Duration draw(Random& random) const {
    if (law_ != Law::uniform) return draw_other(random);
    auto width = static_cast<std::uint64_t>((b_ - a_).count()) + 1;
    return a_ + Duration(static_cast<std::int64_t>(random.below(width)));
  }

 private:
  enum class Law : std::uint8_t { constant, uniform, exponential, lognormal, normal, bimodal, trace };
  DelayLaw(Law law, Duration a, Duration b, std::uint32_t b_ppm = 0) : law_(law), b_ppm_(b_ppm), a_(a), b_(b) {}

  Duration draw_other(Random& random) const;

  Law law_ = Law::constant;
  std::uint32_t b_ppm_ = 0;
  Duration a_{};
  Duration b_{};
  std::shared_ptr<const std::vector<Duration>> measured_;
};

}  // namespace kumasim::sim
