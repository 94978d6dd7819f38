/// Verdicts on sampled states, as verdict.cpp needs them.
#pragma once

#include "kumasim/scenario/verdict.hpp"

namespace kumasim::scenario {

Outcome evaluate_converged(const Scenario& scenario, const Observations& seen, Duration from, Duration to);

/// By the state at `to`.
Outcome evaluate_policy(const Predicate& predicate, const Scenario& scenario, const Observations& seen, Duration to);

Outcome evaluate_rotation(const Predicate& predicate, const Scenario& scenario, const Observations& seen, Duration from,
                          Duration to);

/// A refusal that the control plane has not heard of for longer than messages are on their way breaks it.
Outcome evaluate_refusals_known(const Observations& seen, Duration from, Duration to);

/// Of what calls would have met, made or not.
Outcome evaluate_paths(const Predicate& predicate, const Observations& seen, Duration from, Duration to);

}  // namespace kumasim::scenario
