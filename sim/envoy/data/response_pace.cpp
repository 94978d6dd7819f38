#include "sim/envoy/data/response_pace.hpp"

#include <algorithm>

namespace kumasim::sim::proxy {
namespace {

using Wide = unsigned __int128;

constexpr Duration tick = std::chrono::milliseconds(50);
constexpr Duration second = std::chrono::seconds(1);

Wide wide(Duration time) { return static_cast<Wide>(time.count()); }

}  // namespace

Duration ResponsePace::wait(std::uint64_t bytes, MonotonicTime now) const {
  // In bytes times nanoseconds: nothing is rounded but the ticks.
  const Wide body = bytes * wide(second);
  const Wide held = bytes_per_second * wide(std::min(second, tick + (now - since)));
  if (body <= held) return {};
  const Wide per_tick = bytes_per_second * wide(tick);
  return tick * static_cast<std::int64_t>((body - held + per_tick - 1) / per_tick);
}

}  // namespace kumasim::sim::proxy
