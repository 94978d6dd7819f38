/// Whole scenarios in the simulated world: verdicts, determinism, planted bugs, and that each scenario can fail.
#include <gtest/gtest.h>

#include "kumasim/sim/world.hpp"
#include "tests/scenarios/changes.hpp"
#include "tests/scenarios/scenario_texts.hpp"
#include "tests/scenarios/sim_run.hpp"

namespace kumasim::scenario {
namespace {

Scenario load(const std::string& name) { return must_load(load_scenario_file("scenarios/" + name + ".yaml")); }

class Scenarios : public testing::TestWithParam<const char*> {};

TEST_P(Scenarios, HoldsForSeveralSeeds) {
  Scenario scenario = load(GetParam());
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    WorldRun done = run(scenario, {.seed = seed});
    EXPECT_TRUE(done.passed()) << "seed " << seed << broken(done);
    EXPECT_GT(done.events, 1000u);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Scenarios,
                         testing::Values("denied-by-default", "rolling-restart", "control-plane-partition",
                                         "control-plane-replicas", "link-faults", "pause-restart-delay",
                                         "restart-mid-push", "workload-identity"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(Quickstart, HoldsTwiceAlikeAndOtherwiseWithAnotherSeed) {
  Scenario scenario = load("quickstart");
  WorldRun first = run(scenario, {.seed = 1});
  EXPECT_TRUE(first.passed()) << broken(first);
  WorldRun second = run(scenario, {.seed = 1});
  EXPECT_EQ(first.fingerprint, second.fingerprint);
  EXPECT_EQ(first.events, second.events);
  WorldRun other = run(scenario, {.seed = 2});
  EXPECT_TRUE(other.passed()) << broken(other);
  EXPECT_NE(first.fingerprint, other.fingerprint);
}

TEST(Quickstart, CatchesAPlantedBugAndSaysWhere) {
  Scenario scenario = load("quickstart");
  WorldRun done = run(scenario, {.planted_bug = "rbac-rule-dropped"});
  EXPECT_FALSE(done.passed());
  const Verdict* verdict = find(done, "denied(audit -> backend)");
  ASSERT_NE(verdict, nullptr);
  EXPECT_FALSE(verdict->held);
  EXPECT_NE(verdict->why.find("status 200"), std::string::npos) << verdict->why;
  EXPECT_NE(verdict->why.find("listener"), std::string::npos) << verdict->why;
  const Verdict* plaintext = find(done, "no-plaintext");
  ASSERT_NE(plaintext, nullptr);
  EXPECT_TRUE(plaintext->held) << "the bug is in access control alone";
}

/// The smallest change of each scenario that must break it.
TEST(Scenarios, CanFail) {
  Scenario no_tls = load("denied-by-default");
  no_tls.resources[0].body.erase("mtls");
  WorldRun open = run(no_tls, {});
  EXPECT_FALSE(find(open, "no-plaintext")->held);
  EXPECT_FALSE(find(open, "always denied(stranger")->held);

  Scenario lonely = load("rolling-restart");
  for (Fault& fault : lonely.faults) fault.at = {std::chrono::seconds(10), std::chrono::seconds(10)};
  WorldRun all_at_once = run(lonely, {});
  EXPECT_FALSE(find(all_at_once, "availability")->held) << "all instances are down for three seconds";

  Scenario stranger = load("workload-identity");
  stranger.resources[2].body["spec"]["rules"][0]["default"]["allow"][0]["spiffeID"]["value"] =
      "spiffe://default.example/stranger";
  WorldRun swapped = run(stranger, {});
  EXPECT_FALSE(find(swapped, "denied(stranger")->held) << "the permission is by SPIFFE ID";
  EXPECT_FALSE(find(swapped, "availability")->held);
  Scenario hasty = load("workload-identity");
  hasty.changes.erase(hasty.changes.begin() + 1);
  WorldRun unturned = run(hasty, {});
  EXPECT_FALSE(find(unturned, "certificate-rotated(web)")->held) << "nobody was given the second identity";

  Scenario whole = load("control-plane-partition");
  whole.faults.clear();
  WorldRun connected = run(whole, {});
  EXPECT_FALSE(find(connected, "denied(audit")->held) << "without a partition the permission arrives at once";
}

/// What each milder fault changes is seen by one expectation, and only by that.
TEST(Scenarios, EveryMilderFaultIsSeen) {
  struct Case {
    std::string_view kind;
    std::string_view expectation;
  };
  for (const auto& [kind, expectation] :
       {Case{"proc.restart", "9.9s to 10.3s"}, Case{"proc.pause", "25s to 28s"}, Case{"net.delay", "46s to 55s"}}) {
    Scenario without = load("pause-restart-delay");
    std::erase_if(without.faults, [kind](const Fault& fault) { return fault.kind->name == kind; });
    WorldRun done = run(without, {});
    ASSERT_NE(find(done, expectation), nullptr) << expectation;
    for (const Verdict& verdict : done.verdicts)
      EXPECT_EQ(verdict.held, verdict.title.find(expectation) == std::string::npos) << verdict.title << verdict.seen;
  }
  Scenario stuck = load("pause-restart-delay");
  std::erase_if(stuck.faults, [](const Fault& fault) { return fault.kind->name == "proc.resume"; });
  WorldRun done = run(stuck, {});
  EXPECT_FALSE(find(done, "failed-calls")->held) << "nobody wakes the paused instance";
}

/// Two services under mTLS for 15 s; `rest` goes between load and expectations.
Scenario small(const std::string& rest) {
  return must_load(load_scenario(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: small}
spec:
  duration: 15s
  topology:
    services: [{name: web, calls: [backend]}, {name: backend}]
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load: [{from: web, to: backend, rate: 20/s}]
)" + rest + R"(  expect:
  - always: no-plaintext
  - always: reachable(web -> backend)
  - eventually: {after: 10s, within: 5s, that: converged}
)",
                                 "small.yaml"));
}

std::string problems(const WorldRun& run) {
  std::string out;
  for (const Problem& problem : run.problems) out += std::string(to_string(problem.kind)) + ": " + problem.text + "\n";
  return out;
}

TEST(Engine, ARefusedUpdateBreaksConvergedAndIsPrinted) {
  EXPECT_TRUE(run(small(""), {}).passed());
  WorldRun done = run(small("  changes:\n  - at: 5s\n" + changes::refused_route), {});
  const Verdict* verdict = find(done, "converged");
  ASSERT_NE(verdict, nullptr);
  EXPECT_FALSE(verdict->held);
  EXPECT_NE(verdict->why.find("web-0 refused the last Listener"), std::string::npos) << verdict->why;
  ASSERT_EQ(done.refusals.size(), 1u);
  EXPECT_EQ(done.refusals[0].proxy, "web-0");
  EXPECT_EQ(done.refusals[0].type, "Listener");
  EXPECT_NE(done.refusals[0].text.find("missing ]"), std::string::npos) << done.refusals[0].text;
  EXPECT_EQ(problems(done), "");
}

/// small() with one change, and what is asked of the policy in it.
Outcome policy_outcome(const std::string& change, std::string_view predicate) {
  Scenario scenario = small("  changes:\n" + change);
  scenario.expectations = {{.mode = Expectation::Mode::eventually,
                            .from = std::chrono::seconds(5),
                            .to = std::chrono::seconds(12),
                            .that = *parse_predicate(predicate),
                            .text = std::string(predicate),
                            .mark = {}}};
  WorldRun done = run(scenario, {});
  EXPECT_EQ(problems(done), "");
  const Verdict& verdict = done.verdicts.at(0);
  return {.holds = verdict.held, .seen = verdict.seen, .why = verdict.why, .when = verdict.when};
}

/// Its endpoints' priorities are all that a listener, a route or a cluster's name does not tell.
TEST(Engine, PolicyAppliedSeesAPolicyThatChangesEndpointsOnly) {
  Outcome applied =
      policy_outcome("  - at: 6s\n" + changes::endpoints_only, "policy-applied(MeshLoadBalancingStrategy/zones)");
  EXPECT_TRUE(applied.holds) << applied.why;
  EXPECT_NE(applied.seen.find("in all 1 proxies that it is about"), std::string::npos) << applied.seen;
}

TEST(Engine, PolicyAppliedIsNotMetByAPolicyThatTheProxyRefuses) {
  Outcome refused =
      policy_outcome("  - at: 6s\n" + changes::refused_route, "policy-applied(MeshHTTPRoute/bad-pattern)");
  EXPECT_FALSE(refused.holds) << refused.seen;
  EXPECT_NE(refused.why.find("web-0 refused the last Listener: "), std::string::npos) << refused.why;
}

TEST(Engine, PolicyAppliedIsNotMetByAPolicyAboutNobody) {
  Outcome idle = policy_outcome(R"(  - at: 6s
    apply:
      type: MeshTimeout
      mesh: default
      name: for-nobody
      spec:
        targetRef: {kind: MeshService, name: nobody}
        to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 5s}}}]
  - at: 7s
    apply:
      type: MeshTimeout
      mesh: default
      name: for-all
      spec:
        to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 6s}}}]
)",
                                "policy-applied(MeshTimeout/for-nobody)");
  EXPECT_FALSE(idle.holds) << "another policy changed every proxy after it";
  EXPECT_EQ(idle.why, "it is about no running proxy");
}

/// The proxy cannot be reached while the policy is written, and the heal comes after the window.
TEST(Engine, PolicyAppliedIsNotMetBehindAPartition) {
  Outcome cut = policy_outcome(R"(  - at: 6s
    apply:
      type: MeshTimeout
      mesh: default
      name: p
      spec:
        targetRef: {kind: MeshService, name: web}
        to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 5s}}}]
  faults: [{at: 5s, for: 9s, fault: net.partition, between: [kuma-cp, web]}]
)",
                               "policy-applied(MeshTimeout/p)");
  EXPECT_FALSE(cut.holds);
  EXPECT_EQ(cut.why, "web-0 runs a configuration that was made without it");
}

/// The control plane notices after half a minute without a sign of life only; the partition is shorter.
TEST(Engine, ConvergedDoesNotHoldBehindAPartition) {
  Scenario scenario = small("  faults: [{at: 5s, for: 4s, fault: net.partition, between: [kuma-cp, web]}]\n");
  auto during = [](int from, int to) {
    return Expectation{.mode = Expectation::Mode::during,
                       .from = std::chrono::seconds(from),
                       .to = std::chrono::seconds(to),
                       .that = *parse_predicate("converged"),
                       .text = "converged",
                       .mark = {}};
  };
  scenario.expectations = {during(2, 4), during(6, 8), during(12, 14)};
  WorldRun done = run(scenario, {});
  EXPECT_EQ(problems(done), "");
  ASSERT_EQ(done.verdicts.size(), 3u);
  EXPECT_TRUE(done.verdicts[0].held) << done.verdicts[0].why;
  EXPECT_FALSE(done.verdicts[1].held);
  EXPECT_EQ(done.verdicts[1].why, "web-0 is cut off from the control plane");
  EXPECT_EQ(done.verdicts[1].when, std::chrono::seconds(6));
  EXPECT_TRUE(done.verdicts[2].held) << done.verdicts[2].why;
}

TEST(Engine, AChangeThatIsRefusedFailsTheRun) {
  WorldRun done = run(small("  changes: [{at: 5s, delete: {type: MeshRetry, name: nothing}}]\n"), {});
  EXPECT_TRUE(std::ranges::all_of(done.verdicts, &Verdict::held)) << broken(done);
  EXPECT_FALSE(done.passed());
  EXPECT_NE(problems(done).find("refused-change: delete MeshRetry nothing was refused: status 404"), std::string::npos)
      << problems(done);
}

TEST(Engine, ALoadThatIsTooMuchFailsTheRun) {
  EXPECT_TRUE(run(small(""), {.limits = {.calls_max = 1000}}).passed());
  WorldRun done = run(small(""), {.limits = {.calls_max = 50}});
  EXPECT_FALSE(done.passed());
  EXPECT_EQ(problems(done).substr(0, 43), "load: the load comes to more than 50 calls,") << problems(done);
}

TEST(Engine, CallsUnderWayAtTheEndAreAwaited) {
  constexpr std::string_view slow = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: slow}
spec:
  duration: 10s
  topology: {services: [{name: web, calls: [backend]}, {name: backend, latency: 4s}]}
  resources: [{type: Mesh, name: default}]
  load: [{from: web, to: backend, rate: 1/s, law: const}]
  expect: [{always: reachable(web -> backend)}]
)";
  WorldRun done = run(must_load(load_scenario(slow, "slow.yaml")));
  EXPECT_TRUE(done.passed()) << broken(done);
  WorldRun late = run(must_load(load_scenario(replaced(slow, "law: const", "law: const, timeout: 3s"), "slow.yaml")));
  EXPECT_FALSE(late.passed());
  EXPECT_EQ(broken(late).find("no answer before the end"), std::string::npos) << broken(late);
}

TEST(Engine, AControlPlaneThatCannotStartIsNamed) {
  Scenario scenario = small("");
  scenario.control_plane.settings["KUMA_API_SERVER_HTTP_PORT"] = "5678";
  WorldRun done = run(scenario, {});
  EXPECT_NE(problems(done).find("set-up: the mesh did not come up: kuma-cp failed: its task `kuma-cp` failed: "),
            std::string::npos)
      << problems(done);
}

/// A CA that a file brings is valid from some day on.
TEST(Start, IsTheTimeOfTheSimulatedClocks) {
  auto began = [](const std::string& text) {
    WallTime out;
    run(must_load(load_scenario(text, "s.yaml")), {.attach = [&out](sim::World& world) { out = world.wall_now(); }});
    return std::chrono::floor<std::chrono::days>(out);
  };
  const std::string text = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: s}
spec:
  duration: 1s
  topology: {services: [{name: web, calls: [backend]}, {name: backend}]}
  resources: [{type: Mesh, name: default}]
  load: [{from: web, to: backend, rate: 5/s}]
  expect: [{always: calls(web -> backend) >= 1}]
)";
  using namespace std::chrono;
  EXPECT_EQ(began(text), sys_days(2026y / January / 1));
  EXPECT_EQ(began(replaced(text, "  duration", "  start: 2031-05-06T07:08:09Z\n  duration")),
            sys_days(2031y / May / 6));
  EXPECT_NE(errors(replaced(text, "  duration", "  start: tomorrow\n  duration"))
                .find("s.yaml:5:3: spec.start: expected a time such as 2026-01-01T00:00:00Z"),
            std::string::npos);
  EXPECT_NE(errors(replaced(text, "  duration", "  start: 2261-01-01T00:00:00Z\n  duration"))
                .find("spec.start: expected a time from 2000 to 2200"),
            std::string::npos);
}

TEST(Engine, AStoreThatDoesNotOpenAgainIsNamed) {
  std::function<void()> spoil;
  auto attach = [&spoil](sim::World& world) {
    // As soon as it is down its database is overwritten.
    spoil = [&world, &spoil] {
      sim::Process* process = world.find_process("kuma-cp");
      if (process == nullptr || process->lives() == 0 || process->up())
        return world.schedule_after(std::chrono::milliseconds(100), spoil);
      for (const std::string& name : process->disk().list("kuma.db")) {
        std::vector<std::byte> garbage(4096, std::byte{0x5A});
        (void)(*process->disk().open(name, OpenMode::create_or_open))->write(0, garbage);
      }
    };
    world.schedule_after(std::chrono::milliseconds(100), spoil);
  };
  WorldRun done = run(small("  faults: [{at: 5s, for: 1s, fault: proc.kill, target: kuma-cp}]\n"), {.attach = attach});
  EXPECT_FALSE(done.passed());
  EXPECT_NE(problems(done).find("control-plane: kuma-cp failed: its store cannot be opened: "), std::string::npos)
      << problems(done);
  EXPECT_EQ(done.problems.at(0).at, std::chrono::seconds(6));
}

TEST(Engine, SaysWhyAMeshDoesNotComeUp) {
  Scenario scenario = load("rolling-restart");
  scenario.setup_limit = std::chrono::seconds(5);
  scenario.resources[1].body["spec"]["from"] = 7;
  WorldRun refused = run(scenario, {});
  EXPECT_FALSE(refused.passed());
  EXPECT_NE(problems(refused).find("MeshTrafficPermission"), std::string::npos) << problems(refused);
}

}  // namespace
}  // namespace kumasim::scenario
