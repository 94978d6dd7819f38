/// A scenario's laws of delay as the simulator draws them.
#pragma once

#include "kumasim/scenario/scenario.hpp"
#include "kumasim/sim/delay_law.hpp"

namespace kumasim::scenario {

inline sim::DelayLaw to_sim(const DelayLaw& law) {
  using Law = DelayLaw::Law;
  switch (law.law) {
    case Law::constant: return sim::DelayLaw::constant(law.a);
    case Law::uniform: return sim::DelayLaw::uniform({.min = law.a, .max = law.b});
    case Law::exponential: return sim::DelayLaw::exponential(law.a);
    case Law::lognormal: return sim::DelayLaw::lognormal({.p50 = law.a, .p99 = law.b});
    case Law::normal: return sim::DelayLaw::normal({.mean = law.a, .deviation = law.b});
    case Law::bimodal:
      return sim::DelayLaw::bimodal({.fast = law.a, .slow = law.b, .slow_ppm = static_cast<std::uint32_t>(law.b_ppm)});
    case Law::trace: return sim::DelayLaw::trace(law.measured);
  }
  return {};
}

}  // namespace kumasim::scenario
