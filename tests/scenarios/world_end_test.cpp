/// What a simulated mesh holds on to once it is gone: nothing.
#include <gtest/gtest.h>

#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <limits>

#include "tests/scenarios/scenario_texts.hpp"
#include "tests/scenarios/sim_run.hpp"

namespace kumasim::scenario {
namespace {

/// Bytes that the program holds. Zero under sanitizers, which bring a heap and a search for leaks of their own.
std::size_t held_bytes() {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// What each of some equal runs leaves behind: the least of them, for now and then a table of a library's grows. The
/// first run fills what libraries keep for later.
std::ptrdiff_t left_behind(const Scenario& scenario) {
  run(scenario, {});
  auto least = std::numeric_limits<std::ptrdiff_t>::max();
  for (int i = 0; i < 3; ++i) {
    auto before = static_cast<std::ptrdiff_t>(held_bytes());
    run(scenario, {});
    least = std::min(least, static_cast<std::ptrdiff_t>(held_bytes()) - before);
  }
  return least;
}

constexpr std::ptrdiff_t few_bytes = 20'000;  // one TLS connection has more

TEST(WorldEnd, LeavesNothingOfAMeshBehind) {
  EXPECT_LT(left_behind(must_load(load_scenario_file("scenarios/hello.yaml"))), few_bytes);
}

TEST(WorldEnd, LeavesNothingOfKilledProcessesBehind) {
  Scenario scenario = must_load(load_scenario_file("scenarios/hello.yaml"));
  Fault& kill = scenario.faults.at(0);
  ASSERT_EQ(kill.kind->name, "proc.kill");
  kill.select.reset();
  kill.target = scenario.control_plane.name;
  EXPECT_LT(left_behind(scenario), few_bytes);
}

TEST(WorldEnd, LeavesNothingOfCallsUnderWayBehind) {
  EXPECT_LT(left_behind(must_load(load_scenario(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: slow}
spec:
  duration: 6s
  topology: {services: [{name: web, calls: [backend]}, {name: backend, latency: 60s}]}
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load: [{from: web, to: backend, rate: 10/s}]
  expect: [{always: calls >= 0}]
)",
                                                "slow.yaml"))),
            few_bytes);
}

}  // namespace
}  // namespace kumasim::scenario
