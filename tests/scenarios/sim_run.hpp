/// Whole runs in the simulated world, and what of them did not hold.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "kumasim/scenario/runner.hpp"
#include "kumasim/scenario/worlds.hpp"

namespace kumasim::scenario {

struct RunOptions {
  std::uint64_t seed = 1;
  std::string planted_bug = {};
  RunLimits limits = {};
  std::function<void(sim::World&)> attach = {};
  std::function<void(const std::string& process, cp::Store& store)> on_store = {};
};

inline WorldRun run(const Scenario& scenario, const RunOptions& options = {}) {
  WorldRun out{.world = "sim", .seed = options.seed, .planted_bug = options.planted_bug};
  auto world = make_sim_world(scenario, {.seed = options.seed,
                                         .planted_bug = options.planted_bug,
                                         .attach = options.attach,
                                         .log = {},
                                         .on_store = options.on_store});
  run_scenario(scenario, make_plan(scenario, options.seed), *world, out, {}, options.limits);
  return out;
}

/// A line for each problem and each expectation that broke; "" where there are none.
inline std::string broken(const WorldRun& run) {
  std::string out;
  for (const Problem& problem : run.problems) out += "\n" + text_of(problem);
  for (const Verdict& verdict : run.verdicts) {
    if (!verdict.held) out += "\n" + verdict.title + ": " + verdict.seen + ": " + verdict.why;
  }
  return out;
}

/// The first verdict with that in its title; null for none.
inline const Verdict* find(const WorldRun& run, std::string_view part) {
  for (const Verdict& verdict : run.verdicts) {
    if (verdict.title.find(part) != std::string::npos) return &verdict;
  }
  return nullptr;
}

}  // namespace kumasim::scenario
