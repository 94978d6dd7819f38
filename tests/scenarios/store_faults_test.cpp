/// Faults of the control plane's store and of its view of it, in a whole simulated mesh.
#include <gtest/gtest.h>

#include "tests/scenarios/fault_mesh.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

/// At that time nobody may call any more.
std::string deny_at(std::string_view at) {
  return fmt::format(
      "  changes:\n  - at: {}\n    apply: {{type: MeshTrafficPermission, mesh: default, name: all, spec: {{from: "
      "[{{targetRef: {{kind: Mesh}}, default: {{action: Deny}}}}]}}}}\n",
      at);
}

std::string fault(std::string_view text) {
  return fmt::format("  faults: [{{at: 5s, for: 10s, fault: {}, target: kuma-cp}}]", text);
}

TEST(StoreFaults, AWriteThatIsAbortedIsRepeatedUntilItIsDone) {
  WorldRun done = run(mesh("30s", deny_at("6s") + fault("store.txnAbort"),
                           "  - during: {from: 0s, to: 14900ms, that: reachable(web -> backend)}\n"
                           "  - during: {from: 18s, to: 30s, that: denied(web -> backend)}\n"
                           "  - eventually: {after: 15s, within: 15s, that: converged}\n"));
  EXPECT_EQ(broken(done), "");
}

TEST(StoreFaults, ConflictsAndOldReadsAreOvercome) {
  for (const char* kind : {"store.conflict, share: 50%", "store.staleRead, late: 2s", "store.txnAbort, share: 30%"}) {
    Scenario scenario = mesh("30s", fault(kind) + "\n" + deny_at("20s"),
                             "  - during: {from: 0s, to: 20s, that: reachable(web -> backend)}\n"
                             "  - during: {from: 24s, to: 30s, that: \"availability(web -> backend) <= 20%\"}\n"
                             "  - eventually: {after: 20s, within: 10s, that: converged}\n");
    EXPECT_EQ(broken(run(scenario)), "") << kind;
  }
}

TEST(ViewFaults, ALateViewAppliesAChangeLate) {
  EXPECT_EQ(broken("30s", deny_at("6s") + fault("view.stale, late: 3s"),
                   "  - during: {from: 0s, to: 8900ms, that: reachable(web -> backend)}\n"
                   "  - during: {from: 11s, to: 30s, that: \"availability(web -> backend) <= 10%\"}\n"),
            "");
}

TEST(ViewFaults, WhatIsNotTheirsToSeeChangesNothing) {
  EXPECT_EQ(broken("30s", deny_at("6s") + fault("view.unobserved"),
                   "  - during: {from: 0s, to: 14900ms, that: reachable(web -> backend)}\n"),
            "");
}

TEST(ViewFaults, AControlPlaneThatDiesBetweenItsWritesComesBack) {
  WorldRun done = run(mesh("90s", deny_at("6s") + fault("view.intermediate, writes: 3"),
                           "  - during: {from: 60s, to: 90s, that: denied(web -> backend)}\n"
                           "  - eventually: {after: 15s, within: 75s, that: converged}\n"));
  EXPECT_EQ(broken(done), "");
}

TEST(StoreFaults, RunsRepeat) {
  Scenario scenario = mesh("20s", deny_at("6s") + fault("store.conflict, share: 50%"), "  - always: calls >= 1\n");
  EXPECT_EQ(run(scenario).fingerprint, run(scenario).fingerprint);
}

}  // namespace
}  // namespace kumasim::scenario
