/// The results file: reads back, survives a cut at any byte, and shards merge to what one run has.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "kumasim/chaos/results.hpp"
#include "kumasim/chaos/summary.hpp"

namespace kumasim::chaos {
namespace {

Exploration exploration() {
  return {.scenario = "s",
          .file = "s.yaml",
          .digest = "d",
          .profile = "swarm",
          .planted_bug = "",
          .commit = "c",
          .kinds = {"proc.kill", "net.delay"},
          .probes = {"sometimes x", "call failed"},
          .wanted = {"sometimes x"},
          .usual = {{"usually x", 990'000, 950'000}},
          .branches = 1};
}

SeedResult result(std::uint64_t seed) {
  SeedResult out;
  out.seed = seed;
  if (seed % 3 == 0) out.failures = {{"broken", "always x", "web-" + std::to_string(seed) + " \"said\"\n\x01 no"}};
  if (seed % 6 == 0) out.failures.push_back({"refused-change", "", "status 404"});
  out.kinds = {"proc.kill"};
  if (seed % 2 == 0) out.struck["proc.kill"] = seed;
  out.probes = {"call failed"};
  out.drawn = {"proc.kill web-0"};
  out.events = seed * 1000;
  out.fingerprint = 0xFFFFFFFFFFFFFFFFull - seed;
  out.simulated_ms = 30'000;
  out.wall_ms = 10;
  return out;
}

/// The seed with one branch of its run.
SeedResult with_branch(std::uint64_t seed) {
  SeedResult out = result(seed);
  out.branches.push_back(result(seed + 2));
  out.branches.back().seed = seed;
  out.branches.back().branch = "call.failed/1";
  return out;
}

std::string file_of(std::uint64_t first, std::uint64_t last) {
  std::string out = to_line(exploration());
  for (std::uint64_t seed = first; seed <= last; ++seed) out += to_line(result(seed));
  return out;
}

std::string text_of(const ResultsFile& results) {
  return summary_json(summarise(results), [](const FailureGroup&) { return std::vector<std::string>{}; }).dump();
}

TEST(Results, ReadBackBranches) {
  auto read = read_results(to_line(exploration()) + to_line(with_branch(1)));
  ASSERT_TRUE(read) << read.error().message;
  const SeedResult& one = read->results.at(1);
  EXPECT_EQ(one.branch, "");
  ASSERT_EQ(one.branches.size(), 1u);
  EXPECT_EQ(one.branches[0].branch, "call.failed/1");
  EXPECT_EQ(one.branches[0].failures, result(3).failures);
  auto single = read_result(to_line(one.branches[0]));
  ASSERT_TRUE(single) << single.error().message;
  EXPECT_EQ(single->fingerprint, result(3).fingerprint);
  EXPECT_FALSE(read_result("{}"));
}

TEST(Results, ASeedWhoseBranchCameOutInTwoWaysIsNotDeterministic) {
  SeedResult other = with_branch(1);
  ++other.branches[0].fingerprint;
  auto read = read_results(to_line(exploration()) + to_line(with_branch(1)) + to_line(other));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::data_loss);
}

TEST(Results, ReadBack) {
  auto read = read_results(file_of(1, 9));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->exploration, exploration());
  ASSERT_EQ(read->results.size(), 9u);
  const SeedResult& six = read->results.at(6);
  EXPECT_EQ(six.failures, result(6).failures);
  EXPECT_EQ(six.fingerprint, result(6).fingerprint);
  EXPECT_EQ(six.struck, result(6).struck);
  EXPECT_EQ(read->whole, file_of(1, 9).size());
}

/// What a crash leaves is cut off at the last whole line; the seeds that are missing are run, and nothing is lost.
TEST(Results, GoOnAfterACutAtAnyByte) {
  const std::string whole = file_of(2, 3);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    std::string torn = whole.substr(0, cut);
    auto read = read_results(torn);
    if (!read) {
      ASSERT_EQ(read.error().code, Code::not_found) << cut << ": " << read.error().message;
      ASSERT_LT(cut, to_line(exploration()).size());
      continue;
    }
    ASSERT_TRUE(read->whole == 0 || torn[read->whole - 1] == '\n') << cut;
    std::string resumed = torn.substr(0, read->whole);
    for (std::uint64_t seed = 2; seed <= 3; ++seed) {
      if (!read->results.contains(seed)) resumed += to_line(result(seed));
    }
    ASSERT_EQ(resumed, whole) << cut;
  }
}

TEST(Results, NameALineThatIsNone) {
  auto read = read_results(to_line(exploration()) + "{\"seed\": 1}\n" + to_line(result(2)));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::data_loss);
  EXPECT_EQ(read.error().message.substr(0, 6), "line 2") << read.error().message;
  EXPECT_EQ(read_results("{}\n").error().code, Code::data_loss);
  EXPECT_EQ(read_results("").error().code, Code::not_found);
}

TEST(Results, ShardsMergeToWhatOneRunHas) {
  auto one = read_results(file_of(1, 20));
  ASSERT_TRUE(one);
  rc::check([&] {
    auto count = *rc::gen::inRange<std::size_t>(1, 6);
    std::vector<ResultsFile> shards(count);
    for (ResultsFile& shard : shards) shard.exploration = exploration();
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      SeedResult of = result(seed);
      shards[*rc::gen::inRange<std::size_t>(0, count)].results.emplace(seed, of);
      shards[*rc::gen::inRange<std::size_t>(0, count)].results.emplace(seed, of);  // a seed may be in two
    }
    auto merged = merge(shards);
    RC_ASSERT(merged.has_value());
    RC_ASSERT(text_of(*merged) == text_of(*one));
  });
}

TEST(Results, MergingNamesSeedsThatNoShardHas) {
  ResultsFile one{.exploration = exploration(), .results = {{2, result(2)}, {4, result(4)}}}, two = one;
  one.exploration.last = two.exploration.last = 5;
  one.exploration.shards = two.exploration.shards = 2;
  two.exploration.shard = 2;
  two.results = {{1, result(1)}, {5, result(5)}};
  auto read = read_results(to_line(two.exploration));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->exploration, two.exploration);
  EXPECT_EQ(merge({one})->missing, (std::vector<std::uint64_t>{1, 3, 5})) << "a shard is lost";
  auto merged = merge({one, two});
  EXPECT_EQ(merged->missing, std::vector<std::uint64_t>{3}) << "a seed is lost";
  EXPECT_EQ(merged->exploration.shards, 1u);
  two.results.emplace(3, result(3));
  EXPECT_TRUE(merge({one, two})->missing.empty());
}

TEST(Results, DoNotMergeWhatDiffers) {
  ResultsFile one{.exploration = exploration(), .results = {{1, result(1)}}, .whole = 0}, other = one;
  other.exploration.commit = "another";
  EXPECT_EQ(merge({one, other}).error().code, Code::invalid_argument);
  other = one;
  other.results.at(1).fingerprint = 7;
  auto clash = merge({one, other});
  ASSERT_FALSE(clash);
  EXPECT_EQ(clash.error().code, Code::data_loss);
  EXPECT_NE(clash.error().message.find("not deterministic"), std::string::npos) << clash.error().message;
  other = one;
  other.results.at(1).wall_ms = 7;
  EXPECT_TRUE(merge({one, other})) << "a run may take longer";
  EXPECT_FALSE(merge({}));
}

}  // namespace
}  // namespace kumasim::chaos
