/// Tests of Asio code in a simulated world, over many seeds and under drawn faults.
///
///     TEST(Orders, EachIsAnswered) {
///       simulate(fault_plans({.processes = {"client", "server"}}), [](Simulation& sim) {
///         sim.start("server", serve);  // asio::awaitable<void> serve(Runtime& runtime)
///         sim.start("client", order);
///         sim.run_for(60s);
///         EXPECT_EQ(...);
///       });
///     }
///
/// Where a run fails, the least faults with which it still fails are looked for; that run is done once more, and its
/// failures are the test's, with the seed, the faults, what the processes logged last, and the command that does it
/// again. KUMASIM_SEED=7 runs that seed alone, KUMASIM_SEEDS=100000 or KUMASIM_SEEDS=200..300 others than the test's.
#pragma once

#include <functional>
#include <source_location>

#include "kumasim/testing/generators.hpp"
#include "kumasim/testing/seeds.hpp"
#include "kumasim/testing/simulation.hpp"

namespace kumasim::testing {

/// Called for each run, often: whatever it changes it makes itself. It says with GoogleTest's EXPECT and ASSERT what
/// must hold; an exception out of it fails too.
using Body = std::function<void(Simulation&)>;

struct SimulateOptions {
  Seeds seeds = {1, 100};  ///< where the environment asks for none
  /// So many seeds are run twice: where the fingerprints differ, the test fails and names the first event that does.
  int twice = 3;
  int shrink_runs_most = 2000;  ///< the search for the least faults ends after so many
};

/// REQUIRES: a GoogleTest test runs. One seed gives one case, one world and one run. Ends with the first seed that
/// fails.
void simulate(const rc::Gen<Case>& cases, const Body& body, const SimulateOptions& options = {},
              std::source_location where = std::source_location::current());
/// Without a topology: links have the world's default.
void simulate(const rc::Gen<FaultPlan>& plans, const Body& body, const SimulateOptions& options = {},
              std::source_location where = std::source_location::current());
/// Without faults.
void simulate(const Body& body, const SimulateOptions& options = {},
              std::source_location where = std::source_location::current());

}  // namespace kumasim::testing
