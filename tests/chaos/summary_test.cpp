/// Groups of failures and coverage.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kumasim/chaos/summary.hpp"

namespace kumasim::chaos {
namespace {

ResultsFile results() {
  ResultsFile out;
  out.exploration = {.scenario = "s",
                     .file = "s.yaml",
                     .digest = "",
                     .profile = "swarm",
                     .planted_bug = "",
                     .commit = "c",
                     .kinds = {"proc.kill", "net.delay"},
                     .probes = {"sometimes x", "sometimes y"},
                     .wanted = {"sometimes x", "sometimes y"},
                     .usual = {}};
  auto add = [&](std::uint64_t seed, std::vector<Failure> failures, std::map<std::string, std::uint64_t> struck) {
    SeedResult result;
    result.seed = seed;
    result.failures = std::move(failures);
    result.kinds = {"proc.kill"};
    result.struck = std::move(struck);
    if (seed >= 4) result.probes = {"sometimes x"};
    out.results.emplace(seed, std::move(result));
  };
  add(1, {}, {});
  add(2, {{"broken", "always x", "web-1 is late"}}, {{"proc.kill", 2}});
  add(3, {{"crash", "", "died"}}, {});
  add(4, {{"broken", "always x", "web-7 is late"}, {"broken", "always y", "too"}}, {{"proc.kill", 1}});
  add(5, {}, {{"proc.kill", 1}});
  return out;
}

std::vector<std::string> replay(const FailureGroup& group) { return {"replay " + std::to_string(group.least_seed)}; }

TEST(Summary, GroupsFailuresOfOneSignature) {
  Summary summary = summarise(results());
  EXPECT_EQ(summary.runs, 5u);
  EXPECT_EQ(summary.passed, 2u);
  ASSERT_EQ(summary.groups.size(), 2u);
  EXPECT_EQ(summary.groups[0].signature, "broken: always x: web-# is late");
  EXPECT_EQ(summary.groups[0].count, 2u);
  EXPECT_EQ(summary.groups[0].least_seed, 2u);
  EXPECT_EQ(summary.groups[0].example.cause, "web-1 is late");
  EXPECT_EQ(summary.groups[1].signature, "crash: died");
  EXPECT_FALSE(summary.held());
}

TEST(Summary, CountsWhatWasDrawnAndReached) {
  Summary summary = summarise(results());
  ASSERT_EQ(summary.kinds.size(), 2u);
  EXPECT_EQ(summary.kinds[0].second.runs, 5u);
  EXPECT_EQ(summary.kinds[0].second.struck, 3u);
  EXPECT_EQ(summary.kinds[0].second.faults, 4u);
  EXPECT_EQ(summary.kinds[0].second.failed, 2u);
  EXPECT_EQ(summary.kinds[1].second.runs, 0u);
  EXPECT_EQ(summary.probes[0].second, 2u);
  EXPECT_EQ(summary.crossed.at("sometimes x"), (std::vector<std::size_t>{2, 0}));
}

/// All runs may pass, and the whole fails: nobody saw what somebody had to see.
TEST(Summary, FailsWhereASometimesNeverHeld) {
  ResultsFile good = results();
  for (std::uint64_t seed : {2u, 3u, 4u}) good.results.erase(seed);
  Summary summary = summarise(good);
  EXPECT_TRUE(summary.groups.empty());
  EXPECT_EQ(summary.never, std::vector<std::string>{"sometimes y"});
  EXPECT_FALSE(summary.held());
  good.exploration.wanted = {"sometimes x"};
  EXPECT_TRUE(summarise(good).held());
  EXPECT_FALSE(summarise({}).held()) << "nothing was run";
}

TEST(Summary, IsIncompleteWhereSeedsAreMissing) {
  ResultsFile some = results();
  for (std::uint64_t seed : {2u, 3u, 4u}) some.results.erase(seed);
  some.missing = {2, 3, 4, 7};
  Summary summary = summarise(some);
  EXPECT_FALSE(summary.held());
  EXPECT_TRUE(summary.never.empty()) << "a missing seed may have reached it";
  std::string text = summary_text(summary, replay);
  EXPECT_TRUE(text.starts_with("INCOMPLETE s with profile swarm: 2 of 2 runs passed")) << text;
  EXPECT_NE(text.find("4 seeds have no result: 2..4 7"), std::string::npos) << text;
}

TEST(Summary, AShardWithoutSeedsHolds) {
  ResultsFile none = results();
  none.results.clear();
  none.exploration.shard = 2;
  none.exploration.shards = 9;
  Summary summary = summarise(none);
  EXPECT_TRUE(summary.held());
  EXPECT_TRUE(summary_text(summary, replay).starts_with("HELD s with profile swarm: 0 of 0 runs passed in shard 2/9"));
}

/// Two of five had it: a share of a tenth is shown, one of nine tenths refuted, one of a half open.
TEST(Summary, JudgesWhatMostRunsMustShow) {
  ResultsFile some = results();
  some.exploration.wanted.clear();
  for (std::int64_t share : {50'000, 500'000, 900'000})
    some.exploration.usual.push_back({"sometimes x", share, 900'000});
  Summary summary = summarise(some);
  ASSERT_EQ(summary.estimates.size(), 3u);
  EXPECT_EQ(summary.estimates[0].proof, Proof::shown);
  EXPECT_EQ(summary.estimates[1].proof, Proof::open);
  EXPECT_EQ(summary.estimates[1].held, 2u);
  EXPECT_EQ(summary.estimates[2].proof, Proof::refuted);
  std::string text = summary_text(summary, replay);
  EXPECT_NE(text.find("OPEN  sometimes x: held in 2 of 5 runs, which shows neither; 12 runs would"), std::string::npos)
      << text;
  nlohmann::json json = summary_json(summary, replay);
  EXPECT_EQ(json["usually"][1]["runsNeeded"], 12);
  EXPECT_EQ(json["usually"][2]["proof"], "refuted");
}

TEST(Summary, CountsBranchesAsRunsButNotAsIndependentOnes) {
  ResultsFile some = results();
  some.exploration.wanted.clear();
  some.exploration.usual = {{"sometimes x", 900'000, 900'000}};
  SeedResult branch = some.results.at(4);
  branch.branch = "call.failed/1";
  branch.failures = {{"crash", "", "fell"}};
  some.results.at(1).branches = {branch, branch};
  Summary summary = summarise(some);
  EXPECT_EQ(summary.runs, 7u);
  EXPECT_EQ(summary.branches, 2u);
  EXPECT_EQ(summary.estimates[0].runs, 5u);
  EXPECT_EQ(summary.estimates[0].held, 2u);
  auto fell = std::ranges::find(summary.groups, "crash: fell", &FailureGroup::signature);
  ASSERT_NE(fell, summary.groups.end());
  EXPECT_EQ(fell->count, 2u);
  EXPECT_EQ(fell->branch, "call.failed/1");
  std::string text = summary_text(summary, replay);
  EXPECT_NE(text.find("2 of 7 runs passed, 2 of them branches, 5 in 3 groups"), std::string::npos) << text;
}

TEST(Summary, HoldsOnlyWhereWhatMostRunsMustShowIsShown) {
  ResultsFile good = results();
  for (std::uint64_t seed : {2u, 3u, 4u}) good.results.erase(seed);
  good.exploration.wanted.clear();
  good.exploration.usual = {{"sometimes x", 100'000, 900'000}};
  EXPECT_FALSE(summarise(good).held()) << "one of two runs had it, which may be chance";
  good.exploration.usual = {{"sometimes x", 10'000, 900'000}};
  EXPECT_TRUE(summarise(good).held());
  good.exploration.shards = 2;
  EXPECT_TRUE(summarise(good).estimates.empty()) << "other shards have runs too";
}

TEST(Summary, SaysItForPeopleAndForPrograms) {
  Summary summary = summarise(results());
  std::string text = summary_text(summary, replay);
  for (const char* part : {"FAILED s with profile swarm: 2 of 5 runs passed, 3 in 2 groups",
                           "2 of 5 runs, least seed 2: broken always x", "replay 2", "NEVER  sometimes y", "proc.kill"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
  nlohmann::json json = summary_json(summary, replay);
  EXPECT_EQ(json["held"], false);
  EXPECT_EQ(json["failures"][0]["commands"][0], "replay 2");
  EXPECT_EQ(json["probes"][0]["with"]["proc.kill"], 2);
}

}  // namespace
}  // namespace kumasim::chaos
