/// Carries a plan out in a world: load, actions, samples; then judges.
#pragma once

#include <functional>

#include "kumasim/scenario/plan.hpp"
#include "kumasim/scenario/report.hpp"
#include "kumasim/scenario/world.hpp"

namespace kumasim::scenario {

/// Called now and then while a run goes on; `done` of `all` is the scenario's time.
using Progress = std::function<void(Duration done, Duration all)>;

struct RunLimits {
  std::size_t calls_max = 5'000'000;  // all of them are kept until they are judged
};

/// `run` has its world, seed and planted bug set; the rest is filled in.
void run_scenario(const Scenario& scenario, const Plan& plan, MeshWorld& world, WorldRun& run, const Progress& progress,
                  RunLimits limits = {});

}  // namespace kumasim::scenario
