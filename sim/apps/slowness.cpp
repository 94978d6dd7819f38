#include "sim/apps/slowness.hpp"

#include "sim/apps/law.hpp"

namespace kumasim::sim {

SlowPeriods::SlowPeriods(const Slowness& slowness) : slowness_(slowness), random_(slowness.seed) {
  if (slowness_.every > Duration::zero()) advance();
}

void SlowPeriods::advance() {
  begin_ = end_ + draw_exponential(slowness_.every, random_);
  end_ = begin_ + draw_exponential(slowness_.lasts, random_) + Duration(1);
}

bool SlowPeriods::slow(MonotonicTime now) {
  if (slowness_.every <= Duration::zero()) return false;
  while (end_ <= now) advance();
  return begin_ <= now;
}

}  // namespace kumasim::sim
