/// Verdicts on sampled states, as verdict.cpp needs them.
#pragma once

#include "kumasim/scenario/verdict.hpp"

namespace kumasim::scenario {

Outcome evaluate_converged(const Scenario& scenario, const Observations& seen, Duration from, Duration to);

/// By the state at `to`.
Outcome evaluate_policy(const Predicate& predicate, const Observations& seen, Duration to);

Outcome evaluate_rotation(const Predicate& predicate, const Scenario& scenario, const Observations& seen, Duration from,
                          Duration to);

}  // namespace kumasim::scenario
