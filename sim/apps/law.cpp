#include "sim/apps/law.hpp"

namespace kumasim::sim {

/// Von Neumann 1951: the length of a falling run of uniforms decides; whole units are counted by failed rounds.
Duration draw_exponential(Duration mean, Random& random) {
  std::uint64_t whole = 0;
  for (;;) {
    auto first = random.next();
    auto last = first;
    unsigned run = 1;
    for (;;) {
      auto next = random.next();
      if (next >= last) break;
      last = next;
      ++run;
    }
    if (run % 2 == 1) {
      auto count = static_cast<std::uint64_t>(mean.count());
      auto part = static_cast<std::uint64_t>((static_cast<unsigned __int128>(first) * count) >> 64);
      return Duration(static_cast<std::int64_t>(whole * count + part));
    }
    if (++whole == 64) return mean * 64;
  }
}

Duration draw(const LatencyLaw& law, Random& random) {
  if (law.other) return law.other->draw(random);
  switch (law.kind) {
    case LatencyLaw::Kind::constant: return law.mean;
    case LatencyLaw::Kind::uniform:
      return Duration(static_cast<std::int64_t>(random.below(2 * static_cast<std::uint64_t>(law.mean.count()) + 1)));
    case LatencyLaw::Kind::exponential: return draw_exponential(law.mean, random);
  }
  return law.mean;
}

}  // namespace kumasim::sim
