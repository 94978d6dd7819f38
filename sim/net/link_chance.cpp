#include "sim/net/link_chance.hpp"

#include <algorithm>

namespace kumasim::sim {

bool draw_loss(const LinkOptions& link, bool& bursting, Random& random) {
  constexpr std::uint64_t all = 1'000'000;
  if (link.loss_ppm >= all) return true;
  if (link.loss_burst <= 1) return random.below(all) < link.loss_ppm;
  // Gilbert 1960: all is lost in a burst, which ends with chance 1 / burst; they begin so often that the mean is right.
  auto others = all - link.loss_ppm;
  bursting = bursting ? random.below(link.loss_burst) != 0 : random.below(link.loss_burst * others) < link.loss_ppm;
  return bursting;
}

Duration correlated(Duration drawn, std::uint32_t correlation_ppm, std::optional<Duration>& last) {
  auto kept = static_cast<std::int64_t>(correlation_ppm);
  if (last) {
    auto sum = static_cast<__int128>(last->count()) * kept + static_cast<__int128>(drawn.count()) * (1'000'000 - kept);
    drawn = Duration(static_cast<std::int64_t>(sum / 1'000'000));
  }
  last = drawn;
  return drawn;
}

Duration squeezed(std::size_t bytes, std::uint64_t bytes_per_second, MonotonicTime now, MonotonicTime& free) {
  auto length = bytes * std::uint64_t{1'000'000'000} / bytes_per_second;
  free = std::max(free, now) + Duration(static_cast<std::int64_t>(length));
  return free - now;
}

}  // namespace kumasim::sim
