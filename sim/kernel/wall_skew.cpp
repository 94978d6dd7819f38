#include "kumasim/sim/wall_skew.hpp"

#include <algorithm>

namespace kumasim::sim {
namespace {

constexpr __int128 century = __int128{100} * 365 * 86'400 * 1'000'000'000;

Duration limited(__int128 nanoseconds) {
  return Duration(static_cast<std::int64_t>(std::clamp(nanoseconds, -century, century)));
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
  }
  return {};
}

}  // namespace kumasim::sim
