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
  }
  return {};
}

}  // namespace kumasim::scenario
