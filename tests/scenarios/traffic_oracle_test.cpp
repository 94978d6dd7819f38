/// What calls would have met at any instant, made or not, in whole simulated meshes.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/scenarios/fault_mesh.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

const std::string of_trust = "  - always: allowed-pairs-share-trust\n";
const std::string of_plaintext = "  - always: no-plaintext-window\n";
const std::string of_holes = "  - always: no-black-hole\n";
const std::string of_paths = of_trust + of_plaintext + of_holes;

TEST(TrafficOracle, FindsNothingInAMeshThatIsLeftAlone) { EXPECT_EQ(broken("10s", "", of_paths), ""); }

TEST(TrafficOracle, FindsNothingWhereInstancesComeAndGo) {
  EXPECT_EQ(broken("40s",
                   "  faults:\n  - {at: 5s, for: 8s, fault: proc.kill, target: backend-0}\n"
                   "  - {at: 20s, fault: proc.restart, target: web-0}",
                   of_paths),
            "");
}

/// The steps of a rotation leave no gap; where the CA is exchanged at once there is one, though no call is made that
/// would have met it: connections that stand live on.
TEST(TrafficOracle, SeesGapsOfTrustThatNoCallMeets) {
  EXPECT_EQ(broken("40s", "  faults:\n  - {at: 5s, fault: pki.rotateCA, pause: 8s}", of_paths), "");
  WorldRun at_once = run(mesh("20s", "  faults:\n  - {at: 5s, fault: pki.rotateCA, how: atOnce}",
                              "  - always: reachable(web -> backend)\n" + of_paths));
  ASSERT_EQ(at_once.verdicts.size(), 4u) << broken(at_once);
  EXPECT_TRUE(at_once.verdicts[0].held) << at_once.verdicts[0].why;
  EXPECT_FALSE(at_once.verdicts[1].held) << at_once.verdicts[1].seen;
  EXPECT_NE(at_once.verdicts[1].why.find("does not take"), std::string::npos) << at_once.verdicts[1].why;
  EXPECT_TRUE(at_once.verdicts[2].held) << at_once.verdicts[2].why;
  EXPECT_TRUE(at_once.verdicts[3].held) << at_once.verdicts[3].why;
}

TEST(TrafficOracle, TellsWhenAGapBeginsAndEnds) {
  WorldRun done = run(mesh("30s", "  faults: [{at: 5s, for: 10s, fault: pki.wrongSan, of: web, target: backend-0}]",
                           "  - during: {from: 0s, to: 4900ms, that: allowed-pairs-share-trust}\n"
                           "  - during: {from: 6s, to: 14s, that: allowed-pairs-share-trust}\n"
                           "  - during: {from: 16s, to: 30s, that: allowed-pairs-share-trust}\n"));
  ASSERT_EQ(done.verdicts.size(), 3u) << broken(done);
  EXPECT_TRUE(done.verdicts[0].held) << done.verdicts[0].why;
  EXPECT_FALSE(done.verdicts[1].held);
  EXPECT_NE(
      done.verdicts[1].why.find("web-0 -> backend (backend-0): the client does not take the server's certificate"),
      std::string::npos)
      << done.verdicts[1].why;
  EXPECT_TRUE(done.verdicts[2].held) << done.verdicts[2].why;
}

/// Nobody calls while mutual TLS is off.
TEST(TrafficOracle, SeesPlaintextThatNoCallShows) {
  Scenario scenario = must_load(load_scenario(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: off}
spec:
  duration: 20s
  topology: {services: [{name: web, calls: [backend]}, {name: backend}]}
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load: [{from: web, to: backend, rate: 1/s, end: 3s}]
  changes:
  - {at: 5s, apply: {type: Mesh, name: default}}
  - {at: 10s, apply: {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}}
  expect:
  - always: no-plaintext
  - always: no-plaintext-window
)",
                                              "off.yaml"));
  WorldRun done = run(scenario);
  ASSERT_EQ(done.verdicts.size(), 2u) << broken(done);
  EXPECT_TRUE(done.verdicts[0].held) << done.verdicts[0].why;
  EXPECT_FALSE(done.verdicts[1].held);
  EXPECT_NE(done.verdicts[1].why.find("neither end uses TLS"), std::string::npos) << done.verdicts[1].why;
}

/// The instance moves, and who calls it does not hear of it.
TEST(TrafficOracle, SeesThatAllEndpointsAreGone) {
  WorldRun done = run(mesh("30s",
                           "  faults:\n  - {at: 4s, for: 12s, fault: xds.order, type: ClusterLoadAssignment, behind: "
                           "Listener, target: web-0}\n"
                           "  - {at: 5s, fault: proc.newAddress, target: backend-0}\n"
                           "  - {at: 5s, fault: proc.newAddress, target: backend-1}",
                           "  - during: {from: 10s, to: 15s, that: no-black-hole}\n"
                           "  - during: {from: 20s, to: 30s, that: no-black-hole}\n"));
  ASSERT_EQ(done.verdicts.size(), 2u) << broken(done);
  EXPECT_FALSE(done.verdicts[0].held);
  EXPECT_NE(done.verdicts[0].why.find("no endpoint of cluster backend leads to one that runs"), std::string::npos)
      << done.verdicts[0].why;
  EXPECT_TRUE(done.verdicts[1].held) << done.verdicts[1].why;
}

TEST(TrafficOracle, LookingChangesNothing) {
  auto with = [](const std::string& expectations) {
    return run(mesh("15s", "  faults: [{at: 5s, fault: pki.rotateCA, pause: 2s}]", expectations)).fingerprint;
  };
  EXPECT_EQ(with("  - always: calls >= 1\n"), with(of_paths));
}

/// Nobody could have called.
TEST(TrafficOracle, WhoDoesNotRunProvesNothing) {
  WorldRun done = run(mesh("20s", "  faults: [{at: 2s, for: 17s, fault: proc.kill, target: web-0}]",
                           "  - during: {from: 4s, to: 18s, that: no-black-hole}\n"));
  ASSERT_EQ(done.verdicts.size(), 1u);
  EXPECT_FALSE(done.verdicts[0].held);
  EXPECT_EQ(done.verdicts[0].seen, "no call was looked at");
}

/// Whom access control keeps out need not be believed.
TEST(TrafficOracle, TrustIsAskedOfThoseWhoMayCall) {
  std::string deny = R"(  changes:
  - at: 1s
    apply: {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Deny}}]}}
)";
  std::string exchange = "  faults: [{at: 8s, fault: pki.rotateCA, how: atOnce}]";
  EXPECT_EQ(broken("20s", deny + exchange, "  - during: {from: 4s, that: allowed-pairs-share-trust}\n"), "");
  EXPECT_NE(broken("20s", exchange, "  - during: {from: 4s, that: allowed-pairs-share-trust}\n"), "");
}

/// As in the live world.
TEST(TrafficOracle, AWorldThatCannotLookJudgesNothing) {
  std::vector<Verdict> verdicts = judge(mesh("10s", "", of_trust), Observations{});
  ASSERT_EQ(verdicts.size(), 1u);
  EXPECT_TRUE(verdicts[0].skipped && !verdicts[0].held && !verdicts[0].broken());
}

}  // namespace
}  // namespace kumasim::scenario
