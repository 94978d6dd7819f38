/// Whole scenarios in the simulated world: verdicts, determinism, planted bugs, and that each scenario can fail.
#include <gtest/gtest.h>

#include "kumasim/scenario/runner.hpp"
#include "kumasim/scenario/worlds.hpp"

namespace kumasim::scenario {
namespace {

struct RunOptions {
  std::uint64_t seed = 1;
  std::string planted_bug = {};
};

WorldRun run(const Scenario& scenario, const RunOptions& options) {
  WorldRun out{.world = "sim", .seed = options.seed, .planted_bug = options.planted_bug};
  auto world =
      make_sim_world(scenario, {.seed = options.seed, .planted_bug = options.planted_bug, .attach = {}, .log = {}});
  run_scenario(scenario, make_plan(scenario, options.seed), *world, out, {});
  return out;
}

Scenario load(const std::string& name) {
  auto loaded = load_scenario_file("scenarios/" + name + ".yaml");
  if (loaded) return std::move(*loaded);
  ADD_FAILURE() << loaded.error()[0].text();
  return {};
}

std::string broken(const WorldRun& run) {
  std::string out = run.problem;
  for (const Verdict& verdict : run.verdicts) {
    if (!verdict.held) out += "\n" + verdict.title + ": " + verdict.seen + ": " + verdict.why;
  }
  return out;
}

const Verdict* find(const WorldRun& run, std::string_view part) {
  for (const Verdict& verdict : run.verdicts) {
    if (verdict.title.find(part) != std::string::npos) return &verdict;
  }
  return nullptr;
}

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
                                         "pause-restart-delay"),
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

  Scenario whole = load("control-plane-partition");
  whole.faults.clear();
  WorldRun connected = run(whole, {});
  EXPECT_FALSE(find(connected, "denied(audit")->held) << "without a partition the permission arrives at once";
}

/// What each milder fault changes is seen by one expectation, and only by that.
TEST(Scenarios, EveryMilderFaultIsSeen) {
  struct Case {
    Fault::Kind kind;
    std::string_view expectation;
  };
  for (const auto& [kind, expectation] : {Case{Fault::Kind::restart, "9.9s to 10.3s"},
                                          Case{Fault::Kind::pause, "25s to 28s"},
                                          Case{Fault::Kind::delay, "46s to 55s"}}) {
    Scenario without = load("pause-restart-delay");
    std::erase_if(without.faults, [kind](const Fault& fault) { return fault.kind == kind; });
    WorldRun done = run(without, {});
    ASSERT_NE(find(done, expectation), nullptr) << expectation;
    for (const Verdict& verdict : done.verdicts)
      EXPECT_EQ(verdict.held, verdict.title.find(expectation) == std::string::npos) << verdict.title << verdict.seen;
  }
  Scenario stuck = load("pause-restart-delay");
  std::erase_if(stuck.faults, [](const Fault& fault) { return fault.kind == Fault::Kind::resume; });
  WorldRun done = run(stuck, {});
  EXPECT_FALSE(find(done, "failed-calls")->held) << "nobody wakes the paused instance";
}

TEST(Engine, SaysWhyAMeshDoesNotComeUp) {
  Scenario scenario = load("rolling-restart");
  scenario.setup_limit = std::chrono::seconds(5);
  scenario.resources[1].body["spec"]["from"] = 7;
  WorldRun refused = run(scenario, {});
  EXPECT_FALSE(refused.passed());
  EXPECT_NE(refused.problem.find("MeshTrafficPermission"), std::string::npos) << refused.problem;
}

}  // namespace
}  // namespace kumasim::scenario
