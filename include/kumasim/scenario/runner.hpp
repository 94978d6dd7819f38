/// Carries a plan out in a world: load, actions, samples; then judges.
#pragma once

#include <functional>
#include <optional>

#include "kumasim/scenario/event.hpp"
#include "kumasim/scenario/plan.hpp"
#include "kumasim/scenario/report.hpp"
#include "kumasim/scenario/world.hpp"

namespace kumasim::scenario {

/// Called now and then while a run goes on; `done` of `all` is the scenario's time.
using Progress = std::function<void(Duration done, Duration all)>;

struct RunLimits {
  std::size_t calls_max = 5'000'000;  // all of them are kept until they are judged
};

/// For who looks into a run.
struct RunWatch {
  std::optional<Duration> until = {};                       // the run goes no further, and nothing of it is judged
  std::function<void(const Observations& seen)> look = {};  // once, at its end; not where the mesh did not come up
  /// Asked at the first event of each kind. Where it gives a scenario, the run goes on with that one's last fault as
  /// well, as if it had been there from the start: all else of it is the same, and that fault waits for the first event
  /// of this kind.
  std::function<const Scenario*(const Event& event, Duration at)> branch = {};
};

/// `run` has its world, seed and planted bug set; the rest is filled in.
void run_scenario(const Scenario& scenario, const Plan& plan, MeshWorld& world, WorldRun& run, const Progress& progress,
                  RunLimits limits = {}, const RunWatch& watch = {});

}  // namespace kumasim::scenario
