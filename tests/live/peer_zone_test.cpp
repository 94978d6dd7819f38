/// A kuma-dp of a release of Kuma 2.12, named by KUMASIM_PEER_KUMA_DP, as an ingress of a zone beside ours. Skipped
/// without it, and for others than root.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "kumasim/scenario/runner.hpp"
#include "kumasim/scenario/worlds.hpp"
#include "tests/scenarios/scenario_texts.hpp"
#include "tests/scenarios/sim_run.hpp"

namespace kumasim::scenario {
namespace {

/// Calls go through both ingresses of west, then through the second alone, then through the first.
constexpr std::string_view two_ingresses = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: two-ingresses}
spec:
  duration: 24s
  setup: 180s
  topology:
    zones: [{name: east}, {name: west, ingresses: 2}]
    services: [{name: web, zone: east, calls: [backend]}, {name: backend, zone: west}]
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load: [{from: web, to: backend, rate: 20/s}]
  faults:
  - {at: 4s, for: 8s, fault: proc.kill, target: ingress-west-0}
  - {at: 18s, fault: proc.kill, target: ingress-west-1}
  expect:
  - always: no-plaintext
  - during: {to: 3s, that: reachable(web -> backend)}
  - during: {from: 4s, to: 12s, that: availability(web -> backend) >= 90%}
  - eventually: {after: 12s, within: 6s, that: converged}
  - during: {from: 18s, to: 24s, that: availability(web -> backend) >= 90%}
)";

TEST(PeerIngress, ServesTheZoneBesideOurs) {
  const char* theirs = std::getenv("KUMASIM_PEER_KUMA_DP");
  if (theirs == nullptr) GTEST_SKIP() << "KUMASIM_PEER_KUMA_DP names no kuma-dp of Kuma 2.12";
  if (geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
  Scenario scenario = must_load(load_scenario(two_ingresses, "two-ingresses.yaml"));
  WorldRun out;
  out.world = "live";
  LiveWorldOptions options;
  options.programs = KUMASIM_PROGRAMS;
  options.envoy = ENVOY;
  options.sidecars = {{"ingress-west-1", theirs}};
  auto world = make_live_world(scenario, options);
  run_scenario(scenario, make_plan(scenario, 1), *world, out, {});
  EXPECT_EQ(broken(out), "");
}

}  // namespace
}  // namespace kumasim::scenario
