#include "kumasim/sim/wall_skew.hpp"

#include <algorithm>

namespace kumasim::sim {
namespace {

constexpr __int128 century = __int128{100} * 365 * 86'400 * 1'000'000'000;

Duration limited(__int128 nanoseconds) {
  return Duration(static_cast<std::int64_t>(std::clamp(nanoseconds, -century, century)));
}

/// by * sin(2 pi elapsed / period), by Bhaskara's formula for half a wave: at most 0.2 % of `by` off.
__int128 swing(std::int64_t by, std::int64_t elapsed, std::int64_t period) {
  constexpr std::int64_t one = 1'000'000;
  auto phase = static_cast<std::int64_t>(static_cast<__int128>(elapsed % period) * 2 * one / period);
  std::int64_t x = phase % one;  // of the half wave
  __int128 hill = static_cast<__int128>(x) * (one - x);
  __int128 out = by * (16 * hill) / (static_cast<__int128>(5) * one * one - 4 * hill);
  return phase < one ? out : -out;
}

}  // namespace

Duration WallSkew::at(MonotonicTime now) const {
  auto elapsed = (now - since).count();
  switch (kind) {
    case Kind::offset: return limited(by.count());
    case Kind::drift: return limited(static_cast<__int128>(elapsed) * rate_ppm / 1'000'000);
    case Kind::strobe: return elapsed / period.count() % 2 == 0 ? limited(by.count()) : Duration(0);
    case Kind::step: return limited(static_cast<__int128>(by.count()) * (elapsed / period.count() + 1));
    case Kind::freeze: return limited(-static_cast<__int128>(elapsed));
    case Kind::sine: return limited(swing(by.count(), elapsed, period.count()));
  }
  return {};
}

}  // namespace kumasim::sim
