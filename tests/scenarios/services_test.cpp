/// Services and load in whole runs: call graphs, queues, closed loads, retries, ejection, and leaf certificates.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "kumasim/scenario/isotope.hpp"
#include "tests/scenarios/scenario_texts.hpp"
#include "tests/scenarios/sim_run.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

Scenario load_text(const std::string& text) { return must_load(load_scenario(text, "s.yaml")); }

Scenario load_file(const std::string& name) { return must_load(load_scenario_file("scenarios/" + name + ".yaml")); }

/// web calls backend; the fields of backend, of the load, and what is expected.
Scenario pair(const std::string& backend, const std::string& load, const std::string& duration = "60s",
              const std::string& expected = "always: calls(web -> backend) >= 1", const std::string& more = "") {
  return load_text(fmt::format(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {{name: pair}}
spec:
  duration: {}
  topology:
    services:
    - {{name: web, calls: [backend]}}
    - {{name: backend, {}}}
  resources:
  - {{type: Mesh, name: default, skipCreatingInitialPolicies: ['*']}}
  load:
  - {{from: web, to: backend, {}}}
{}  expect:
  - {}
)",
                               duration, backend, load, more, expected));
}

TEST(CallGraph, HoldsTwiceAlikeAndReportsItsInnerCalls) {
  Scenario scenario = load_file("call-graph");
  WorldRun first = run(scenario);
  EXPECT_TRUE(first.passed()) << broken(first);
  WorldRun second = run(scenario);
  EXPECT_EQ(first.fingerprint, second.fingerprint);
  ASSERT_EQ(first.flows.size(), 3u);
  EXPECT_EQ(first.flows[1].from, "front");
  EXPECT_EQ(first.flows[1].to, "cart");
  EXPECT_EQ(first.flows[1].calls, first.flows[0].calls);
  EXPECT_EQ(first.flows[2].calls, 10 * first.flows[0].calls);
}

TEST(CallGraph, FailsWithTheCallsThatItNeeds) {
  Scenario scenario = load_file("call-graph");
  for (Instance& instance : scenario.instances) {
    if (instance.service == "cart") instance.application.errors_ppm = 1'000'000;
  }
  WorldRun done = run(scenario);
  const Verdict* verdict = find(done, "reachable(web -> front)");
  ASSERT_NE(verdict, nullptr);
  EXPECT_FALSE(verdict->held);
  EXPECT_NE(verdict->why.find("front-"), std::string::npos) << verdict->why;
  EXPECT_NE(verdict->why.find("answered 500"), std::string::npos) << verdict->why;
  EXPECT_TRUE(find(done, "reachable(front -> stock)")->held);
}

TEST(CallGraph, HasNoSlowTailWithoutSlowCalls) {
  Scenario scenario = load_file("call-graph");
  for (Instance& instance : scenario.instances) {
    if (instance.service == "stock") instance.latency.b_ppm = 0;
  }
  EXPECT_FALSE(find(run(scenario), "p90) >= 300ms")->held);
}

/// Two of three fail always: one retry meets the third only where the policy leaves hosts of their version out.
TEST(Retries, LeaveOutHostsWithTheTagsOfThePolicy) {
  auto scenario = [](const std::string& selection) {
    return load_text(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: omit}
spec:
  duration: 20s
  topology:
    services:
    - {name: web, calls: [backend]}
    - name: backend
      versions:
      - {name: v1, instances: 2, tags: {version: v1}, errors: 100%}
      - {name: v2, instances: 1, tags: {version: v2}}
  resources:
  - {type: Mesh, name: default}
  - type: MeshRetry
    mesh: default
    name: r
    spec:
      to:
      - targetRef: {kind: Mesh}
        default: {http: {numRetries: 1, retryOn: [5xx])" +
                     selection + R"(}}
  load:
  - {from: web, to: backend, rate: 20/s}
  expect:
  - always: availability(web -> backend) == 100%
)");
  };
  EXPECT_FALSE(run(scenario("")).passed());
  WorldRun done = run(
      scenario(", hostSelection: [{predicate: OmitHostsWithTags, tags: {version: v1}}], hostSelectionMaxAttempts: 60"));
  EXPECT_TRUE(done.passed()) << broken(done);
}

/// Of two loads, one is led to v2 by its header and method, which a route asks for.
TEST(Loads, AreLedByTheirMethodAndHeaders) {
  auto scenario = [](const std::string& head) {
    return load_text(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: head}
spec:
  duration: 20s
  topology:
    services:
    - {name: web, calls: [backend]}
    - {name: backend, versions: [{name: v1, instances: 1, tags: {version: v1}}, {name: v2, instances: 1, tags: {version: v2}}]}
  resources:
  - {type: Mesh, name: default}
  - type: MeshHTTPRoute
    mesh: default
    name: beta
    spec:
      targetRef: {kind: MeshSubset, tags: {kuma.io/service: web}}
      to:
      - targetRef: {kind: MeshService, name: backend}
        rules:
        - matches: [{path: {type: PathPrefix, value: /}, method: POST, headers: [{type: Exact, name: x-user, value: beta}]}]
          default: {backendRefs: [{kind: MeshServiceSubset, name: backend, tags: {version: v2}}]}
        - matches: [{path: {type: PathPrefix, value: /}}]
          default: {backendRefs: [{kind: MeshServiceSubset, name: backend, tags: {version: v1}}]}
  load:
  - {from: web, to: backend, rate: 20/s)" +
                     head + R"(}
  expect:
  - always: share(web -> backend, version=v2) >= 99%
)");
  };
  WorldRun led = run(scenario(", method: POST, headers: {X-User: beta}"));
  EXPECT_TRUE(led.passed()) << broken(led);
  for (const char* other : {"", ", headers: {x-user: beta}", ", method: POST, headers: {x-user: alpha}"})
    EXPECT_FALSE(run(scenario(other)).passed()) << other;
}

/// Users who each wait for an answer and think: calls a second = users / (answer + think), the interactive law.
TEST(ClosedLoad, KeepsAsManyCallsUnderWayAsUsersWait) {
  WorldRun done = run(pair("latency: 1s", "users: 10, think: 1s"));
  EXPECT_TRUE(done.passed()) << broken(done);
  EXPECT_NEAR(static_cast<double>(done.flows[0].calls), 10 * 60 / 2.0, 11);
}

/// The users whose answers died with the caller come back when their patience is over.
TEST(ClosedLoad, GoesOnAfterItsCallerDied) {
  WorldRun done = run(pair("latency: 1s", "users: 10, think: 1s, timeout: 2s", "30s",
                           "during: {from: 25s, that: calls(web -> backend) >= 20}",
                           "  faults: [{at: 10s, for: 5s, fault: proc.kill, target: web-0}]\n"));
  EXPECT_TRUE(done.passed()) << broken(done);
}

/// One worker and no queue: of the calls a/(1 + a) are turned away, whatever the law of its time (Erlang's B formula).
TEST(Queue, TurnsAwayAsErlangSays) {
  WorldRun done = run(pair("latency: 1s, concurrency: 1, queue: 0", "rate: 10/s", "120s"));
  const Flow& flow = done.flows[0];
  double share = static_cast<double>(flow.failed) / static_cast<double>(flow.calls);
  EXPECT_NEAR(share, 10.0 / 11, 4 * std::sqrt(10.0 / 121 / 1200));
  EXPECT_EQ(flow.failed + flow.ok, flow.calls);
}

TEST(Queue, DropsWithoutAnAnswer) {
  WorldRun done = run(pair("latency: 1s, concurrency: 1, queue: 0, overflow: drop",
                           "rate: 4/s, law: const, timeout: 1500ms", "20s", "always: reachable(web -> backend)"));
  const Verdict& verdict = done.verdicts[0];
  EXPECT_FALSE(verdict.held);
  EXPECT_NE(verdict.why.find("client timeout"), std::string::npos) << verdict.why;
}

TEST(Retries, OfTheClientAreCountedInTheCall) {
  WorldRun done = run(pair("errors: 100%", "rate: 2/s, law: const, retries: {max: 3, backoff: 20ms}", "10s",
                           "always: reachable(web -> backend)"));
  EXPECT_EQ(done.flows[0].calls, 20u);
  EXPECT_NE(done.verdicts[0].why.find("tried 4 times"), std::string::npos) << done.verdicts[0].why;
  WorldRun half =
      run(pair("errors: 50%", "rate: 20/s, retries: 6", "20s", "always: availability(web -> backend) >= 95%"));
  EXPECT_TRUE(half.passed()) << broken(half) << "one call in 128 fails seven times";
}

TEST(RetryStorm, OutlivesItsTriggerWithoutABudget) {
  Scenario scenario = load_file("retry-storm");
  WorldRun done = run(scenario);
  EXPECT_TRUE(done.passed()) << broken(done);
  for (Load& load : scenario.load) load.retries.budget_ppm = 100'000;
  EXPECT_FALSE(find(run(scenario), "availability(web -> database) <= 1%")->held);
}

TEST(ApplicationFaults, ComeAndGoAndSurviveARestart) {
  WorldRun done =
      run(pair("latency: 1ms", "rate: 20/s, law: const, timeout: 1s", "60s",
               "during: {from: 5s, to: 10s, that: failed-calls(web -> backend) == 100}\n"
               "  - during: {from: 11s, to: 15s, that: availability(web -> backend) == 0%}\n"
               "  - during: {from: 20s, to: 25s, that: 'latency(web -> backend, p1) >= 200ms'}\n"
               "  - during: {from: 30s, to: 35s, that: 'latency(web -> backend, p50) >= 20ms'}\n"
               "  - during: {from: 40s, to: 44s, that: failed-calls(web -> backend) == 80}\n"
               "  - during: {from: 50s, to: 60s, that: reachable(web -> backend)}",
               "  faults:\n"
               "  - {at: 5s, for: 12s, fault: app.errorRate, target: backend-0, rate: 100%}\n"
               "  - {at: 10s, fault: proc.restart, target: backend-0}\n"
               "  - {at: 20s, for: 5s, fault: app.latency, target: backend-0, delay: 200ms}\n"
               "  - {at: 30s, for: 5s, fault: app.slow, select: {service: backend}, by: 95%}\n"
               "  - {at: 40s, for: 4s, fault: app.blackHole, target: backend-0}\n"
               "  - {at: 45s, for: 4s, fault: app.brownout, target: backend-0, fraction: 50%, factor: 100}\n"));
  EXPECT_TRUE(done.passed()) << broken(done);
}

TEST(ApplicationFaults, AreOverAtTheirEndAfterAStandstillToo) {
  for (const std::string fields : {"latency: 1ms", "latency: 0s, capacity: 200/s, concurrency: 1"}) {
    WorldRun done = run(pair(fields, "rate: 5/s, law: const, timeout: 1s", "20s",
                             "during: {from: 5s, to: 8s, that: availability(web -> backend) == 0%}\n"
                             "  - during: {from: 10500ms, to: 20s, that: availability(web -> backend) == 100%}",
                             "  faults:\n"
                             "  - {at: 5s, for: 5s, fault: app.slow, target: backend-0, by: 100%}\n"));
    EXPECT_TRUE(done.passed()) << fields << ": " << broken(done);
  }
}

TEST(OutlierDetection, EjectsByAMeshCircuitBreaker) {
  Scenario scenario = load_file("outlier-detection");
  WorldRun done = run(scenario);
  EXPECT_TRUE(done.passed()) << broken(done);
  scenario.resources.pop_back();
  WorldRun without = run(scenario);
  EXPECT_FALSE(find(without, "failed-calls(web -> backend) == 10")->held);
  EXPECT_NEAR(static_cast<double>(without.flows[0].failed), 950 / 3.0, 2);
}

TEST(HealthChecks, LeaveOutWhoFailsThemAndTakeItBack) {
  Scenario scenario = load_file("health-checks");
  WorldRun done = run(scenario);
  EXPECT_TRUE(done.passed()) << broken(done);
  EXPECT_EQ(done.uninterpreted.count("envoy.config.cluster.v3.Cluster.health_checks"), 0u);
  scenario.resources.pop_back();
  WorldRun without = run(scenario);
  EXPECT_FALSE(without.passed());
  EXPECT_NEAR(static_cast<double>(without.flows[0].failed), 1250, 10) << "a fourth, for 20 s, 20 s and 10 s";
}

TEST(Isotope, ACanonicalTopologyRuns) {
  auto made = scenario_from_isotope(R"(defaults: {requestSize: 1 KB, responseSize: 1 KB}
services:
- name: a
- name: b
- name: c
  script: [{call: a}, {call: b}]
- name: d
  isEntrypoint: true
  script: [[{call: a}, {call: c}], {call: b}]
)",
                                    "canonical.yaml", {.rate = "5/s", .duration = "10s"});
  ASSERT_TRUE(made) << made.error()[0].text();
  WorldRun done = run(load_text(made->yaml));
  EXPECT_TRUE(done.passed()) << broken(done);
  ASSERT_EQ(done.flows.size(), 6u);
  for (const Flow& flow : done.flows) {
    EXPECT_EQ(flow.ok, flow.calls) << flow.from << " -> " << flow.to;
    EXPECT_EQ(flow.calls, done.flows[0].calls) << flow.from << " -> " << flow.to;
  }
}

/// Kuma renews a certificate at 4/5 of its life: so far apart are the ends of one and of the next.
TEST(LeafCertificates, AreRenewedAtFourFifthsOfTheirLife) {
  Scenario scenario = pair("instances: 1", "rate: 1/s", "250s");
  scenario.resources[0].body["mtls"] = nlohmann::json::parse(
      R"({"enabledBackend": "ca-1", "backends": [{"name": "ca-1", "type": "builtin",
          "dpCert": {"rotation": {"expiration": "100s"}}}]})");
  auto world = make_sim_world(scenario, {.seed = 1, .planted_bug = {}, .attach = {}, .log = {}});
  Result<> up = world->set_up();
  ASSERT_TRUE(up) << up.error().message;
  std::vector<WallTime> ends;
  for (Duration at = 0s; at <= 250s; at += 250ms) {
    ASSERT_TRUE(world->run_until(at));
    WallTime end = world->sample().proxies.at("web-0").certificate_end;
    if (ends.empty() || ends.back() != end) ends.push_back(end);
  }
  ASSERT_EQ(ends.size(), 4u) << "250 s hold three renewals";
  for (std::size_t i = 1; i < ends.size(); ++i) {
    EXPECT_GE(ends[i] - ends[i - 1], 80s);
    EXPECT_LE(ends[i] - ends[i - 1], 82s) << "the control plane looks every second";
    std::printf("  renewed after %.3f s of a life of 100 s, closed form 80 s\n",
                std::chrono::duration<double>(ends[i] - ends[i - 1]).count());
  }
}

}  // namespace
}  // namespace kumasim::scenario
