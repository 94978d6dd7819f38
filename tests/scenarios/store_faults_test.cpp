/// Faults of the control plane's store and of its view of it, in a whole simulated mesh.
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>

#include "scenarios/inspect/recorded_run.hpp"
#include "tests/scenarios/fault_mesh.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

/// `changes` of who may call whom: "Deny", "Allow".
std::string changes(std::initializer_list<std::pair<std::string_view, std::string_view>> actions) {
  std::string out = "  changes:\n";
  for (const auto& [at, action] : actions) {
    out += fmt::format(
        "  - at: {}\n    apply: {{type: MeshTrafficPermission, mesh: default, name: all, spec: {{from: [{{targetRef: "
        "{{kind: Mesh}}, default: {{action: {}}}}}]}}}}\n",
        at, action);
  }
  return out;
}

/// At that time nobody may call any more.
std::string deny_at(std::string_view at) { return changes({{at, "Deny"}}); }

std::string fault(std::string_view text) {
  return fmt::format("  faults:\n  - {{at: 5s, for: 10s, fault: {}, target: kuma-cp}}", text);
}

/// A pause of backend-1 for each time that the event comes.
std::string told(std::string_view event) {
  return fmt::format("\n  - {{when: {{event: {}, occurrence: all}}, fault: proc.pause, for: 1ms, target: backend-1}}",
                     event);
}

TEST(StoreFaults, AWriteThatIsAbortedIsRepeatedUntilItIsDone) {
  WorldRun done = run(mesh("30s", deny_at("6s") + fault("store.txnAbort"),
                           "  - during: {from: 0s, to: 14900ms, that: reachable(web -> backend)}\n"
                           "  - during: {from: 18s, to: 30s, that: denied(web -> backend)}\n"
                           "  - eventually: {after: 15s, within: 15s, that: converged}\n"));
  EXPECT_EQ(broken(done), "");
}

TEST(StoreFaults, AConflictHoldsUpWhatIsWrittenMeanwhile) {
  WorldRun done = run(mesh("30s", deny_at("6s") + fault("store.conflict"),
                           "  - during: {from: 0s, to: 14900ms, that: reachable(web -> backend)}\n"
                           "  - during: {from: 18s, to: 30s, that: denied(web -> backend)}\n"
                           "  - eventually: {after: 15s, within: 15s, that: converged}\n"));
  EXPECT_EQ(broken(done), "");
}

TEST(StoreFaults, AWriteThatAWebhookDeniesIsRepeatedUntilItIsDone) {
  EXPECT_EQ(broken("30s", deny_at("6s") + fault("store.webhookRejects"),
                   "  - during: {from: 0s, to: 14900ms, that: reachable(web -> backend)}\n"
                   "  - during: {from: 18s, to: 30s, that: denied(web -> backend)}\n"
                   "  - eventually: {after: 15s, within: 15s, that: converged}\n"),
            "");
}

TEST(StoreFaults, WithoutAConnectionAWriteIsRepeatedUntilThereIsOne) {
  WorldRun done = run(mesh("30s", deny_at("6s") + fault("store.poolExhausted, wait: 1s"),
                           "  - during: {from: 0s, to: 14900ms, that: reachable(web -> backend)}\n"
                           "  - during: {from: 18s, to: 30s, that: denied(web -> backend)}\n"
                           "  - eventually: {after: 15s, within: 15s, that: converged}\n"));
  EXPECT_EQ(broken(done), "");
}

/// Who waits longer than the fault lasts is served by what comes free.
TEST(StoreFaults, APatientWriteGetsTheConnectionThatComesFree) {
  EXPECT_EQ(
      broken("30s",
             deny_at("6s") + "  faults:\n  - {at: 5s, for: 3s, fault: store.poolExhausted, wait: 10s, target: kuma-cp}",
             "  - during: {from: 0s, to: 7900ms, that: reachable(web -> backend)}\n"
             "  - during: {from: 12s, to: 30s, that: denied(web -> backend)}\n"),
      "");
}

/// The second write is made of what was there before the first, until that is four seconds ago.
TEST(StoreFaults, AnOldReadHoldsUpASecondWrite) {
  std::string writes = changes({{"6s", "Deny"}, {"7s", "Allow"}});
  WorldRun done = run(mesh("30s", writes + fault("store.staleRead, late: 4s"),
                           "  - during: {from: 8s, to: 9900ms, that: \"availability(web -> backend) <= 20%\"}\n"
                           "  - during: {from: 15s, to: 30s, that: \"availability(web -> backend) >= 90%\"}\n"
                           "  - eventually: {after: 11s, within: 10s, that: converged}\n"));
  EXPECT_EQ(broken(done), "");
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

TEST(ViewFaults, WhoLooksFromWithinSeesWhatTheControlPlaneDoesNot) {
  Scenario scenario = mesh("10s", deny_at("6s") + fault("view.unobserved"), "  - always: calls >= 1\n");
  RecordedRun looked(scenario, {});
  EXPECT_TRUE(std::ranges::any_of(looked.commits().all(), [](const Commit& commit) {
    return commit.at > 6s && commit.change.key.name == "all" && commit.what() == "updated";
  }));
}

TEST(ViewFaults, AControlPlaneThatDiesBetweenItsWritesComesBack) {
  WorldRun done = run(mesh("90s", deny_at("6s") + fault("view.intermediate, writes: 3") + told("process.killed"),
                           "  - during: {from: 60s, to: 90s, that: denied(web -> backend)}\n"
                           "  - eventually: {after: 15s, within: 75s, that: converged}\n"));
  EXPECT_EQ(broken(done), "");
  EXPECT_GE(times_of(done, "pause backend-1").size(), 1u);
}

TEST(StoreFaults, RunsRepeat) {
  Scenario scenario = mesh("20s", deny_at("6s") + fault("store.conflict, share: 50%"), "  - always: calls >= 1\n");
  EXPECT_EQ(run(scenario).fingerprint, run(scenario).fingerprint);
}

}  // namespace
}  // namespace kumasim::scenario
