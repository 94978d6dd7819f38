/// Faults of discovery and certificates in a whole simulated mesh: what proxies and calls feel of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "tests/scenarios/scenario_texts.hpp"
#include "tests/scenarios/sim_run.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

/// web-0 calls two backends under mTLS; certificates live for `lifetime`.
Scenario mesh(std::string_view duration, std::string_view lifetime, const std::string& rest) {
  return must_load(load_scenario(fmt::format(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {{name: mesh}}
spec:
  duration: {}
  topology:
    services: [{{name: web, calls: [backend]}}, {{name: backend, instances: 2}}]
  resources:
  - type: Mesh
    name: default
    mtls: {{enabledBackend: ca, backends: [{{name: ca, type: builtin, dpCert: {{rotation: {{expiration: {}}}}}}}]}}
  - {{type: MeshTrafficPermission, mesh: default, name: all, spec: {{from: [{{targetRef: {{kind: Mesh}}, default: {{action: Allow}}}}]}}}}
  load: [{{from: web, to: backend, rate: 5/s}}]
{})",
                                             duration, lifetime, rest),
                                 "mesh.yaml"));
}

/// Something of each type but secrets: at 5 s a limit on calls (listeners), or the time to connect (clusters).
std::string change(std::string_view at, std::string_view limit) {
  return fmt::format(
      "  - at: {}\n    apply: {{type: MeshTimeout, mesh: default, name: t, spec: {{to: [{{targetRef: {{kind: Mesh}}, "
      "default: {{{}}}}}]}}}}\n",
      at, limit);
}
const std::string of_listeners = "  changes:\n" + change("5s", "http: {requestTimeout: 5s}");
const std::string of_clusters = "  changes:\n" + change("5s", "connectionTimeout: 3s");

std::size_t count(const WorldRun& run, std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      run.timeline, [&](const TimelineEntry& entry) { return entry.text.find(text) != std::string::npos; }));
}

/// A pause of backend-1 tells of an event.
std::string told(std::string_view event) {
  return fmt::format("  - {{when: {{event: {}, occurrence: all}}, fault: proc.pause, for: 1ms, target: backend-1}}\n",
                     event);
}

const std::string holds_before_and_after =
    "  expect:\n  - always: reachable(web -> backend)\n  - during: {from: 6s, to: 8s, that: converged}\n"
    "  - eventually: {after: 9s, within: 11s, that: converged}\n";

/// While it lasts, from 4 s to 9 s, the change of 5 s is not taken; afterwards it is.
void expect_to_delay(const std::string& fault, const std::string& changes, std::string_view why) {
  WorldRun done = run(mesh(
      "20s", "1d",
      changes + "  faults:\n  - {at: 4s, for: 5s, target: web-0, fault: " + fault + "}\n" + holds_before_and_after));
  ASSERT_EQ(done.verdicts.size(), 3u) << broken(done);
  EXPECT_TRUE(done.verdicts[0].held) << fault << ": " << done.verdicts[0].why;
  EXPECT_FALSE(done.verdicts[1].held) << fault;
  EXPECT_NE(done.verdicts[1].why.find(why), std::string::npos) << fault << ": " << done.verdicts[1].why;
  EXPECT_TRUE(done.verdicts[2].held) << fault << ": " << done.verdicts[2].why;
}

TEST(DiscoveryFaults, ARefusalLastsUntilTheNextChangeAndIsKnown) {
  std::string faults = "  faults:\n  - {at: 4s, for: 5s, target: web-0, fault: xds.nack, type: Listener}\n" +
                       told("proxy.nacked, where: {process: web-0, type: Listener}");
  WorldRun done = run(mesh("20s", "1d",
                           of_listeners + change("12s", "http: {requestTimeout: 6s}") + faults +
                               "  expect:\n  - always: refusals-known\n"
                               "  - during: {from: 6s, to: 12s, that: converged}\n"
                               "  - eventually: {after: 12s, within: 8s, that: converged}\n"));
  EXPECT_TRUE(done.verdicts[0].held) << done.verdicts[0].why;
  EXPECT_NE(done.verdicts[1].why.find("web-0 refused the last Listener"), std::string::npos) << done.verdicts[1].why;
  EXPECT_TRUE(done.verdicts[2].held) << done.verdicts[2].why;
  EXPECT_EQ(count(done, "pause backend-1"), 1u);
}

TEST(DiscoveryFaults, AGoawayFollowsARefusalOnce) {
  std::string faults = "  faults:\n  - {at: 4s, for: 20s, target: web-0, fault: xds.nackThenGoaway, type: Cluster}\n" +
                       told("proxy.nacked, where: {process: web-0, type: Cluster}") +
                       told("ads.closed, where: {process: web-0}");
  WorldRun done = run(mesh("25s", "1d",
                           of_clusters + faults +
                               "  expect:\n  - always: reachable(web -> backend)\n"
                               "  - eventually: {after: 5s, within: 15s, that: converged}\n"));
  EXPECT_EQ(broken(done), "");
  EXPECT_EQ(count(done, "pause backend-1"), 2u);
}

/// Of any type, and over a restart.
TEST(DiscoveryFaults, AGoawayOfAllTypesIsOne) {
  std::string faults =
      "  faults:\n  - {at: 4s, for: 20s, target: web-0, fault: xds.nackThenGoaway}\n"
      "  - {at: 12s, target: web-0, fault: proc.restart}\n" +
      told("proxy.nacked, where: {process: web-0}");
  WorldRun done = run(mesh("25s", "1d",
                           of_clusters + change("8s", "http: {requestTimeout: 5s}") + faults +
                               "  expect:\n  - eventually: {after: 12s, within: 10s, that: converged}\n"));
  EXPECT_EQ(broken(done), "");
  EXPECT_EQ(count(done, "pause backend-1"), 1u);
}

/// What it asks for in addition is no answer.
TEST(DiscoveryFaults, ANewClusterHasItsEndpointsWhereAnswersAreLost) {
  std::string changes = R"(  changes:
  - at: 5s
    apply: {type: MeshHTTPRoute, mesh: default, name: r, spec: {targetRef: {kind: MeshService, name: web}, to: [{targetRef: {kind: MeshService, name: backend}, rules: [{matches: [{path: {type: PathPrefix, value: /}}], default: {backendRefs: [{kind: MeshServiceSubset, name: backend, tags: {kuma.io/protocol: http}, weight: 1}]}}]}]}}
)";
  std::string faults =
      "  faults: [{at: 4s, for: 21s, target: web-0, fault: xds.ackLost, type: ClusterLoadAssignment}]\n";
  WorldRun done = run(mesh("25s", "1d",
                           changes + faults +
                               "  expect:\n  - during: {from: 12s, to: 25s, that: \"availability(web -> backend) >= "
                               "99%\"}\n"));
  EXPECT_EQ(broken(done), "");
}

TEST(DiscoveryFaults, AnswersThatDoNotComeHoldUpWhatFollows) {
  const char* not_taken = "web-0 has not taken its newest configuration";
  expect_to_delay("xds.neverAck", of_listeners, not_taken);
  expect_to_delay("xds.oldNonce, type: Listener", of_listeners, not_taken);
  expect_to_delay("xds.ackLate, delay: 4s", of_listeners, not_taken);
  expect_to_delay("xds.order, type: Listener, behind: Cluster", of_listeners, not_taken);
}

TEST(DiscoveryFaults, ALostAnswerComesWithTheNextStream) {
  std::string faults =
      "  faults:\n  - {at: 4s, for: 5s, target: web-0, fault: xds.ackLost, type: Listener}\n"
      "  - {at: 14s, for: 1s, target: web-0, fault: xds.churn, period: 900ms}\n";
  WorldRun done = run(mesh("25s", "1d",
                           of_listeners + faults +
                               "  expect:\n  - during: {from: 9s, to: 14s, that: converged}\n"
                               "  - eventually: {after: 15s, within: 10s, that: converged}\n"));
  EXPECT_FALSE(done.verdicts[0].held);
  EXPECT_TRUE(done.verdicts[1].held) << done.verdicts[1].why;
}

/// A control plane has to bear it: nothing but the number of messages changes.
TEST(DiscoveryFaults, TalkativeProxiesAreServedAllTheSame) {
  auto run_with = [](const std::string& faults) {
    return run(mesh("15s", "1d",
                    of_listeners + faults +
                        "  expect:\n  - always: reachable(web -> backend)\n"
                        "  - during: {from: 7s, to: 15s, that: converged}\n"));
  };
  WorldRun quiet = run_with("");
  WorldRun storm =
      run_with("  faults: [{at: 3s, for: 10s, target: web-0, fault: xds.resubscribeStorm, period: 20ms}]\n");
  WorldRun twice = run_with("  faults: [{at: 3s, for: 10s, target: web-0, fault: xds.duplicateSubscribe}]\n");
  WorldRun unknown = run_with("  faults: [{at: 3s, target: web-0, fault: xds.unknownType}]\n");
  for (const WorldRun* each : {&quiet, &storm, &twice, &unknown}) EXPECT_EQ(broken(*each), "");
  EXPECT_GT(storm.events, quiet.events + 4 * 500) << "four types, fifty times a second for ten seconds";
  EXPECT_GT(twice.events, quiet.events);
  EXPECT_GT(unknown.events, quiet.events);
}

TEST(DiscoveryFaults, ChurnEndsStreamAfterStream) {
  std::string faults = "  faults:\n  - {at: 3s, for: 12s, target: web-0, fault: xds.churn, period: 3s}\n" +
                       told("ads.closed, where: {process: web-0}");
  WorldRun done = run(mesh("25s", "1d",
                           of_listeners + faults +
                               "  expect:\n  - always: reachable(web -> backend)\n"
                               "  - eventually: {after: 15s, within: 10s, that: converged}\n"));
  EXPECT_EQ(broken(done), "");
  EXPECT_GE(count(done, "pause backend-1"), 3u);
}

/// Certificates of 30 s are renewed after 24 s, and connections made anew every 4 s.
TEST(CertificateFaults, ACertificateEndsWhereItsSuccessorDoesNotComeInTime) {
  auto run_with = [](const std::string& fault) {
    return run(mesh("50s", "30s",
                    "  faults:\n  - {at: 2s, every: 4s, fault: tcp.reset, between: [web, backend]}\n"
                    "  - {at: 1s, for: 41s, target: web-0, fault: " +
                        fault + "}\n" +
                        "  expect:\n  - during: {from: 0s, to: 24s, that: \"availability(web -> backend) >= 90%\"}\n"
                        "  - during: {from: 35s, to: 41s, that: \"availability(web -> backend) <= 10%\"}\n"
                        "  - during: {from: 46s, to: 50s, that: \"availability(web -> backend) >= 90%\"}\n"));
  };
  EXPECT_EQ(broken(run_with("pki.leafExpired")), "");
  EXPECT_EQ(broken(run_with("pki.slowSigner, delay: 30s")), "");
  WorldRun in_time = run_with("pki.slowSigner, delay: 2s");
  EXPECT_FALSE(in_time.verdicts[1].held) << in_time.verdicts[1].seen;
}

TEST(CertificateFaults, AProxyThatStartsMeanwhileHasItsSecrets) {
  for (const char* fault : {"pki.leafExpired", "pki.bundleLag"}) {
    WorldRun done = run(mesh("30s", "1d",
                             std::string("  faults:\n  - {at: 3s, for: 27s, target: web-0, fault: ") + fault + "}\n" +
                                 "  - {at: 5s, target: web-0, fault: proc.restart}\n"
                                 "  expect:\n  - during: {from: 12s, to: 30s, that: reachable(web -> backend)}\n"));
    EXPECT_EQ(broken(done), "") << fault;
  }
}

/// The same change of a CA as in the museum, without the time that a lagging proxy needs.
TEST(CertificateFaults, ANewCaIsNotBelievedWhereItsBundleLags) {
  std::ifstream in("scenarios/museum/gateway-4891-bundle-replaced.yaml");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  std::string hurried = text;
  auto replace = [&](std::string_view part, std::string_view by) {
    std::size_t at = hurried.find(part);
    ASSERT_NE(at, std::string::npos) << part;
    hurried.replace(at, part.size(), by);
  };
  replace("at: 35s", "at: 21s");
  replace("at: [12s, 18s], for: 10s", "at: 18s, for: 20s");
  auto loaded = load_scenario(hurried, "hurried.yaml");
  ASSERT_TRUE(loaded) << loaded.error()[0].text();
  WorldRun done = run(*loaded);
  const Verdict* verdict = find(done, "availability");
  ASSERT_NE(verdict, nullptr);
  EXPECT_FALSE(verdict->held) << verdict->seen;
}

}  // namespace
}  // namespace kumasim::scenario
