/// Faults in a whole simulated mesh: what calls, proxies and the control plane feel, and faults that events fire.
#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>

#include "tests/scenarios/fault_mesh.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

const std::string reachable = "  - always: reachable(web -> backend)\n";

TEST(MeshFaults, AStopLosesNoCallAndAKillDoes) {
  auto fault = [](std::string_view kind) {
    return fmt::format("  faults: [{{at: 5s, for: 10s, fault: {}, target: backend-0}}]", kind);
  };
  EXPECT_NE(broken("20s", fault("proc.kill"), reachable), "");
  EXPECT_EQ(broken("30s", fault("proc.stop, grace: 5s"),
                   "  - during: {from: 5s, to: 9900ms, that: reachable(web -> backend)}\n"
                   "  - eventually: {after: 15s, within: 15s, that: converged}\n"),
            "");
}

TEST(MeshFaults, AnInstanceThatMovedIsFoundAgain) {
  EXPECT_EQ(broken("30s", "  faults: [{at: 5s, fault: proc.newAddress, target: backend-0}]",
                   "  - eventually: {after: 5s, within: 20s, that: converged}\n"
                   "  - during: {from: 20s, to: 30s, that: reachable(web -> backend)}\n"),
            "");
}

TEST(MeshFaults, AControlPlaneThatMovedIsFoundByItsName) {
  EXPECT_EQ(broken("90s", "  faults: [{at: 5s, fault: proc.newAddress, target: kuma-cp}]",
                   reachable + "  - eventually: {after: 5s, within: 80s, that: converged}\n"),
            "");
}

TEST(MeshFaults, AControlPlaneThatStopsClosesItsStreams) {
  Scenario scenario =
      mesh("75s",
           "  faults:\n  - {at: 5s, for: 10s, fault: proc.stop, target: kuma-cp}\n"
           "  - {when: {event: ads.closed, where: {process: web-0}}, fault: proc.pause, for: 10ms, target: $event}",
           "  - eventually: {after: 15s, within: 60s, that: converged}\n");
  WorldRun done = run(scenario);
  EXPECT_TRUE(done.passed()) << (done.problems.empty() ? done.verdicts[0].why : text_of(done.problems[0]));
  std::vector<Duration> closed = times_of(done, "pause web-0");
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_LT(closed[0], 5100ms) << "before the end of the grace";
}

TEST(MeshFaults, AClogOfCallsOnlyDelaysThem) {
  EXPECT_EQ(broken("20s", "  faults: [{at: 5s, for: 4s, fault: net.clog, between: [web, backend]}]",
                   reachable + "  - during: {from: 5s, to: 8s, that: \"latency(web -> backend, p50) >= 1s\"}\n"
                               "  - during: {from: 10s, to: 20s, that: \"latency(web -> backend, p99) <= 50ms\"}\n"),
            "");
}

TEST(MeshFaults, ResetAndRefusedConnectionsFailCalls) {
  EXPECT_EQ(broken("20s",
                   "  faults:\n  - {at: 5s, for: 5s, fault: tcp.refuse, between: [web, backend]}\n"
                   "  - {at: 6s, fault: tcp.reset, between: [web, backend]}",
                   "  - during: {from: 0s, to: 5900ms, that: reachable(web -> backend)}\n"
                   "  - during: {from: 6500ms, to: 9s, that: \"availability(web -> backend) <= 0%\"}\n"
                   "  - during: {from: 12s, to: 20s, that: reachable(web -> backend)}\n"),
            "");
}

TEST(MeshFaults, ABottleneckSlowsCalls) {
  // A request, an answer and their handshakes take 500 bytes each beside their bodies.
  EXPECT_EQ(broken("20s", "  faults: [{at: 5s, for: 10s, fault: net.rate, target: web-0, bandwidth: 50000}]",
                   "  - during: {from: 0s, to: 5s, that: \"latency(web -> backend, p50) <= 5ms\"}\n"
                   "  - during: {from: 6s, to: 14s, that: \"latency(web -> backend, p50) >= 20ms\"}\n"),
            "");
}

TEST(MeshFaults, CallsAreQuickAfterABottleneckAndAfterLosses) {
  for (const char* fault : {"net.rate, bandwidth: 2000", "net.loss, loss: 70%", "net.loss, loss: 100%"}) {
    EXPECT_EQ(broken("40s", fmt::format("  faults: [{{at: 5s, for: 20s, fault: {}, between: [web, backend]}}]", fault),
                     "  - during: {from: 15s, to: 20s, that: \"latency(web -> backend, p50) >= 200ms\"}\n"
                     "  - during: {from: 30s, to: 40s, that: reachable(web -> backend)}\n"
                     "  - during: {from: 30s, to: 40s, that: \"latency(web -> backend, p99) <= 50ms\"}\n"),
              "")
        << fault;
  }
}

TEST(MeshFaults, ACertificateIsOldOnAClockThatIsFarAhead) {
  EXPECT_EQ(broken("30s",
                   "  faults:\n  - {at: 5s, for: 10s, fault: clock.offset, by: 1000d, target: web-0}\n"
                   "  - {at: 6s, fault: tcp.reset, between: [web, backend]}\n"
                   "  - {at: 16s, fault: tcp.reset, between: [web, backend]}",
                   "  - during: {from: 0s, to: 5s, that: reachable(web -> backend)}\n"
                   "  - during: {from: 7s, to: 14s, that: \"availability(web -> backend) <= 0%\"}\n"
                   "  - during: {from: 20s, to: 30s, that: reachable(web -> backend)}\n"),
            "");
}

/// Nothing else tells a proxy that its stream leads nowhere.
TEST(MeshFaults, AHalfOpenStreamIsNoticedByKeepalive) {
  Scenario scenario =
      mesh("70s",
           "  faults:\n  - {at: 5s, fault: tcp.halfOpen, between: [kuma-cp, web]}\n"
           "  - {when: {event: ads.closed, where: {process: web-0}}, fault: proc.pause, for: 10ms, target: $event}",
           "  - eventually: {after: 50s, within: 20s, that: converged}\n");
  WorldRun done = run(scenario);
  EXPECT_TRUE(done.passed()) << done.verdicts[0].why;
  std::vector<Duration> closed = times_of(done, "pause web-0");
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_GT(closed[0], 15s);
  EXPECT_LT(closed[0], 50s);
}

/// What happened, as triggers see it: each is told by the process that it pauses.
TEST(Triggers, SeeWhatReallyEnded) {
  std::string faults =
      "  faults:\n  - {at: 5s, for: 10s, fault: net.partition, between: [web, kuma-cp]}\n"
      "  - {at: 8s, fault: net.heal, between: [web, kuma-cp]}\n"
      "  - {when: {event: fault.begun, where: {fault: net.heal}}, fault: proc.pause, for: 1ms, target: backend-0}\n"
      "  - {when: {event: fault.ended, where: {fault: net.partition}, occurrence: all}, fault: proc.pause, for: 2ms, "
      "target: backend-1}";
  WorldRun done = run(mesh("20s", faults, reachable));
  EXPECT_TRUE(times_of(done, "pause backend-0").empty());
  EXPECT_EQ(times_of(done, "pause backend-1"), std::vector<Duration>{8s});
  std::vector<Duration> heals = times_of(done, "heal ");
  EXPECT_EQ(heals, std::vector<Duration>{8s}) << "nothing is left for the planned end";
}

TEST(Triggers, SeeDeathsAndStartsWhenTheyHappen) {
  std::string faults =
      "  faults:\n  - {at: 5s, for: 10s, fault: proc.stop, grace: 4s, target: backend-0}\n"
      "  - {at: 11s, fault: proc.restart, target: backend-0}\n"
      "  - {when: {event: process.killed, occurrence: all}, fault: proc.pause, for: 1ms, target: web-0}\n"
      "  - {when: {event: process.started, occurrence: all}, fault: proc.pause, for: 1ms, target: backend-1}";
  WorldRun done = run(mesh("20s", faults, "  - eventually: {after: 15s, within: 5s, that: converged}\n"));
  EXPECT_EQ(times_of(done, "pause web-0"), std::vector<Duration>{9s});
  EXPECT_EQ(times_of(done, "pause backend-1"), std::vector<Duration>{15s});
}

TEST(Triggers, StrikeOnceWithWhatLastsToTheEnd) {
  WorldRun done = run(mesh("20s",
                           "  faults:\n  - {at: 5s, every: 2s, fault: clock.jump, by: 1ms, target: web-0}\n"
                           "  - {when: {event: fault.begun, where: {fault: clock.jump}, occurrence: all}, fault: "
                           "proc.slow, step: 1us, target: backend-1}",
                           reachable));
  EXPECT_EQ(times_of(done, "slow backend-1").size(), 1u);
}

const std::string timeouts = R"(  changes:
  - at: 5s
    apply: {type: MeshTimeout, mesh: default, name: t, spec: {to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 5s}}}]}}
  - at: 10s
    apply: {type: MeshTimeout, mesh: default, name: t, spec: {to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 6s}}}]}}
)";

TEST(Triggers, StrikeAtTheEventThatTheyName) {
  std::string faults = "  faults:\n  - {fault: proc.pause, for: 100ms, target: backend-0, when: ";
  WorldRun first = run(mesh("20s", timeouts + faults + "{event: resource.applied}}", reachable));
  WorldRun second =
      run(mesh("20s", timeouts + faults + "{event: resource.applied, occurrence: 2, after: 1s}}", reachable));
  WorldRun each = run(mesh("20s", timeouts + faults + "{event: resource.applied, occurrence: all}}", reachable));
  WorldRun none = run(mesh("20s", timeouts + faults + "{event: resource.applied, where: {name: other}}}", reachable));
  ASSERT_EQ(times_of(first, "pause backend-0").size(), 1u);
  EXPECT_NEAR(static_cast<double>(times_of(first, "pause backend-0")[0].count()), 5e9, 1e8);
  ASSERT_EQ(times_of(second, "pause backend-0").size(), 1u);
  EXPECT_NEAR(static_cast<double>(times_of(second, "pause backend-0")[0].count()), 11e9, 1e8);
  EXPECT_EQ(times_of(each, "pause backend-0").size(), 2u);
  EXPECT_EQ(times_of(each, "resume backend-0").size(), 2u);
  EXPECT_TRUE(times_of(none, "pause").empty());
}

TEST(Triggers, StrikeTheProxyThatTookAnUpdateAndEachOther) {
  std::string faults =
      "  faults:\n"
      "  - {when: {event: proxy.acked, where: {service: web, type: Listener}}, fault: proc.restart, target: $event}\n"
      "  - {when: {event: fault.begun, where: {fault: proc.restart}}, fault: proc.pause, for: 1s, target: backend-1}\n"
      "  - {when: {event: fault.ended, where: {fault: proc.pause}}, fault: net.delay, delay: 5ms, for: 1s, between: "
      "[web, backend]}";
  Scenario scenario = mesh("20s", timeouts + faults, "  - eventually: {after: 12s, within: 8s, that: converged}\n");
  WorldRun done = run(scenario);
  EXPECT_TRUE(done.passed());
  ASSERT_EQ(times_of(done, "restart web-0").size(), 1u);
  ASSERT_EQ(times_of(done, "pause backend-1").size(), 1u);
  EXPECT_EQ(times_of(done, "restart web-0"), times_of(done, "pause backend-1"));
  ASSERT_EQ(times_of(done, "slow the link of web and backend (delay 5ms)").size(), 1u);
  EXPECT_EQ(times_of(done, "slow the link")[0], times_of(done, "pause backend-1")[0] + 1s);
  EXPECT_EQ(done.fingerprint, run(scenario).fingerprint);
}

}  // namespace
}  // namespace kumasim::scenario
