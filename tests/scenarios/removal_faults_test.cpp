/// Removals that proxies acknowledge and do not carry out, in a whole simulated mesh.
#include <gtest/gtest.h>

#include <algorithm>

#include "scenarios/engine/sim_world.hpp"
#include "scenarios/inspect/recorded_run.hpp"
#include "sim/envoy/envoy_process.hpp"
#include "tests/scenarios/fault_mesh.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

/// web-0 has a cluster for a part of backend's instances, until its route is deleted at 5 s.
std::string part_of_a_route(const std::string& faults) {
  return R"(  changes:
  - at: 1s
    apply: {type: MeshHTTPRoute, mesh: default, name: r, spec: {targetRef: {kind: MeshService, name: web}, to: [{targetRef: {kind: MeshService, name: backend}, rules: [{matches: [{path: {type: PathPrefix, value: /}}], default: {backendRefs: [{kind: MeshServiceSubset, name: backend, tags: {kuma.io/protocol: http}, weight: 1}]}}]}]}}
  - {at: 5s, delete: {type: MeshHTTPRoute, name: r}}
  faults:
)" + faults;
}

bool has_part(const std::string& faults, Duration at) {
  Scenario scenario = mesh("20s", part_of_a_route(faults), "  - always: reachable(web -> backend)\n");
  RecordedRun run(scenario, {.until = at});
  const sim::EnvoyProcess* envoy = run.world().envoy("web-0");
  return envoy != nullptr && std::ranges::any_of(envoy->config().clusters(), [](const auto& cluster) {
           return cluster.first.starts_with("backend-");
         });
}

constexpr const char* lost = "  - {at: 4s, for: 8s, fault: xds.removalLost, target: web-0, type: ";

TEST(RemovalFaults, WhatIsRemovedStaysToTheEndOfTheFault) {
  const std::string unrelated = "  - {at: 4s, for: 8s, fault: proc.pause, target: backend-1}\n";
  EXPECT_TRUE(has_part(unrelated, 4s));
  EXPECT_FALSE(has_part(unrelated, 8s));
  const std::string clusters = std::string(lost) + "Cluster}\n", listeners = std::string(lost) + "Listener}\n";
  EXPECT_TRUE(has_part(clusters, 8s));
  EXPECT_FALSE(has_part(clusters, 13s));
  EXPECT_FALSE(has_part(listeners, 8s)) << "it is about the other type";
}

TEST(RemovalFaults, AnotherLifeHasNothingToRemove) {
  const std::string faults = std::string(lost) + "all}\n  - {at: 6s, fault: proc.restart, target: web-0}\n";
  EXPECT_FALSE(has_part(faults, 10s));
  EXPECT_EQ(
      broken(run(mesh("20s", part_of_a_route(faults), "  - eventually: {after: 12s, within: 5s, that: converged}\n"))),
      "");
}

}  // namespace
}  // namespace kumasim::scenario
