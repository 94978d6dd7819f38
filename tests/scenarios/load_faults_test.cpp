/// Faults of clients: crowds, retries, hot keys, large requests, and applications that start slowly.
#include <gtest/gtest.h>

#include "tests/scenarios/fault_mesh.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

std::string fault(std::string_view text) { return fmt::format("  faults: [{{at: 5s, for: 5s, fault: {}}}]", text); }

TEST(LoadFaults, ACrowdComesAndGoes) {
  EXPECT_EQ(broken("15s", fault("load.flashCrowd, factor: 5, to: backend"),
                   "  - during: {from: 0s, to: 5s, that: \"calls(web -> backend) in 60..140\"}\n"
                   "  - during: {from: 5s, to: 10s, that: \"calls(web -> backend) in 400..600\"}\n"
                   "  - during: {from: 10s, to: 15s, that: \"calls(web -> backend) in 60..140\"}\n"),
            "");
}

TEST(LoadFaults, ACrowdOfUsersIsThatOfAClosedLoad) {
  Scenario scenario = mesh("15s", fault("load.flashCrowd, factor: 4"),
                           "  - during: {from: 0s, to: 5s, that: \"calls(web -> backend) in 80..110\"}\n"
                           "  - during: {from: 5s, to: 10s, that: \"calls(web -> backend) in 300..440\"}\n"
                           "  - during: {from: 11s, to: 15s, that: \"calls(web -> backend) in 60..90\"}\n");
  scenario.load[0].users = 2;
  scenario.load[0].think = {DelayLaw::Law::constant, 100ms, 100ms};
  EXPECT_EQ(broken(run(scenario)), "");
}

/// Each of the four retries waits for up to 200 ms.
TEST(LoadFaults, ClientsRetryWhileItLasts) {
  EXPECT_EQ(
      broken("15s",
             "  faults:\n  - {at: 0s, for: 15s, fault: app.errorRate, rate: 100%, select: {service: backend, pick: "
             "all}}\n  - {at: 5s, for: 4s, fault: load.retryStorm, backoff: 200ms}",
             "  - during: {from: 0s, to: 5s, that: \"latency(web -> backend, p50) <= 100ms\"}\n"
             "  - during: {from: 5s, to: 9s, that: \"latency(web -> backend, p50) in 250ms..700ms\"}\n"
             "  - during: {from: 10s, to: 15s, that: \"latency(web -> backend, p50) <= 100ms\"}\n"),
      "");
}

/// What is for the hot path is redirected by the sidecar, long before the application would have answered.
TEST(LoadFaults, ManyCallsAreForOnePath) {
  std::string changes = R"(  changes:
  - at: 1s
    apply: {type: MeshHTTPRoute, mesh: default, name: hot, spec: {targetRef: {kind: MeshService, name: web}, to: [{targetRef: {kind: MeshService, name: backend}, rules: [{matches: [{path: {type: Exact, value: /hot}}], default: {filters: [{type: RequestRedirect, requestRedirect: {statusCode: 302, hostname: elsewhere}}]}}]}]}}
)";
  EXPECT_EQ(broken("15s", changes + fault("load.hotKey, share: 70%"),
                   "  - during: {from: 0s, to: 5s, that: \"latency(web -> backend, p50) >= 1ms\"}\n"
                   "  - during: {from: 5s, to: 10s, that: \"latency(web -> backend, p50) <= 500us\"}\n"
                   "  - during: {from: 5s, to: 10s, that: \"latency(web -> backend, p99) >= 1ms\"}\n"
                   "  - during: {from: 10s, to: 15s, that: \"latency(web -> backend, p50) >= 1ms\"}\n"),
            "");
}

TEST(LoadFaults, LargeRequestsTakeTimeOnANarrowLink) {
  EXPECT_EQ(broken("20s",
                   "  faults:\n  - {at: 0s, for: 20s, fault: net.rate, bandwidth: 1000000, between: [web, backend]}\n"
                   "  - {at: 5s, for: 5s, fault: load.largePayload, bytes: 30000}",
                   "  - during: {from: 2s, to: 5s, that: \"latency(web -> backend, p50) <= 15ms\"}\n"
                   "  - during: {from: 5s, to: 10s, that: \"latency(web -> backend, p50) >= 30ms\"}\n"
                   "  - during: {from: 12s, to: 20s, that: \"latency(web -> backend, p50) <= 15ms\"}\n"),
            "");
}

TEST(LoadFaults, AHerdReconnectsAndFindsItsWay) {
  EXPECT_EQ(broken("60s",
                   "  faults: [{at: 5s, for: 10s, fault: load.reconnectHerd, period: 2s, select: {service: backend, "
                   "pick: all}}]",
                   "  - during: {from: 0s, to: 5s, that: reachable(web -> backend)}\n"
                   "  - during: {from: 16s, to: 60s, that: reachable(web -> backend)}\n"
                   "  - eventually: {after: 15s, within: 45s, that: converged}\n"),
            "");
}

/// 1 ms each at full speed.
TEST(LoadFaults, AnApplicationIsSlowAtFirstAndFastLater) {
  EXPECT_EQ(broken("60s",
                   "  faults:\n  - {at: 4s, for: 50s, fault: app.slowStart, factor: 200, over: 20s, select: {service: "
                   "backend, pick: all}}\n  - {at: 5s, fault: proc.restart, select: {service: backend, pick: all}}",
                   "  - during: {from: 0s, to: 5s, that: \"latency(web -> backend, p99) <= 20ms\"}\n"
                   "  - during: {from: 6s, to: 10s, that: \"latency(web -> backend, p50) in 120ms..220ms\"}\n"
                   "  - during: {from: 30s, to: 60s, that: \"latency(web -> backend, p99) <= 20ms\"}\n"),
            "");
}

}  // namespace
}  // namespace kumasim::scenario
