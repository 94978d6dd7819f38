/// Judges the expectations of a scenario by what a run saw.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kumasim/scenario/observation.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

struct Verdict {
  std::string title;
  Mark mark;
  bool held = false;
  bool sometimes = false;        // one run need not show it
  bool usually = false;          // the same: many runs are judged together
  bool skipped = false;          // the world cannot look at what it is about
  std::string seen;              // "90.8% of 4012 calls"
  std::string why;               // the chain of the offending call, or what is missing; "" where it held
  std::optional<Duration> when;  // of the offence
  std::string after;             // the fault before it: "kill kuma-cp at 40s"

  bool broken() const { return !held && !sometimes && !usually && !skipped; }
};

/// What a predicate says of a window; used by `judge` and by tests.
struct Outcome {
  bool holds = false;
  std::string seen;
  std::string why;
  std::optional<Duration> when;
  bool silent = false;  // nothing was seen that could be judged
};

/// Calls count to the window in which they began: [from, to). States are those sampled in [from, to].
Outcome evaluate(const Predicate& predicate, const Scenario& scenario, const Observations& seen, Duration from,
                 Duration to);

std::vector<Verdict> judge(const Scenario& scenario, const Observations& seen);

/// Whether every running proxy knows exactly the running instances that it calls, and has taken the newest
/// configuration that the control plane has for it; otherwise who does not.
std::optional<std::string> not_converged(const Scenario& scenario, const Observations& seen, const StateSample& sample);

}  // namespace kumasim::scenario
