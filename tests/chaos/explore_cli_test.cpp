/// `kumasim explore` and `kumasim shrink` as people use them: a planted bug is found, made small and shown again.
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/tools/program.hpp"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

using kumasim::program::binary;
using kumasim::program::Outcome;
using kumasim::program::run;

/// `stranger` has no permission; all the rest is there to be dropped.
constexpr std::string_view text = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: stranger, description: A stranger is refused.}
spec:
  duration: 6s
  setup: 40s
  topology:
    services:
    - {name: web, calls: [backend]}
    - {name: stranger, calls: [backend]}
    - {name: backend}
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - type: MeshTrafficPermission
    mesh: default
    name: web-may
    spec: {from: [{targetRef: {kind: MeshService, name: web}, default: {action: Allow}}]}
  load:
  - {from: web, to: backend, rate: 5/s}
  - {from: stranger, to: backend, rate: 5/s}
  swarm: {pick: 1, from: [net.delay, net.rate], instances: {web: 1, stranger: 1, backend: 1..2}}
  liveness: {after: 3s, within: 3s}
  expect:
  - always: no-plaintext
  - always: denied(stranger -> backend)
)";

class ExploreCli : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("kumasim-explore-" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    file_ = write("stranger.yaml", std::string(text));
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return path(name);
  }
  std::string read(const std::string& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(in)), {});
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  fs::path folder_;
  std::string file_;
};

/// What does not depend on how long a run took, nor on where it was written.
json summary(const Outcome& outcome) {
  json out = json::parse(outcome.out, nullptr, false);
  if (out.is_discarded()) return outcome.out;
  out.erase("wallMs");
  for (json& failure : out["failures"]) failure.erase("commands");
  return out;
}

TEST_F(ExploreCli, FindsAPlantedBugShrinksItAndShowsItAgain) {
  const std::string bug = " --planted-bug rbac-rule-dropped";
  Outcome found = run("explore " + file_ + " --seeds 1..2 --profile lite --jobs 2 --out " + path("found") + bug);
  EXPECT_EQ(found.code, 1) << found.out;
  EXPECT_NE(found.out.find("FAILED stranger with profile lite: 0 of 2 runs passed"), std::string::npos) << found.out;
  EXPECT_NE(found.out.find("2 of 2 runs, least seed 1: broken always blocked(stranger -> backend)"), std::string::npos)
      << found.out;
  std::string seed = path("found/seed-1.yaml");
  EXPECT_NE(found.out.find("tools/kumasim shrink " + seed + " --seed 1" + bug), std::string::npos) << found.out;

  Outcome shrunk = run("shrink " + seed + " --seed 1 --jobs 2 --out " + path("small.yaml") + bug);
  ASSERT_EQ(shrunk.code, 0) << shrunk.out;
  json certificate = json::parse(read("small.yaml.json"));
  EXPECT_EQ(certificate["minimal"], true) << shrunk.out;
  EXPECT_LE(certificate["partsAfter"], 6) << read("small.yaml");
  const json& spec = certificate["scenario"]["spec"];
  EXPECT_FALSE(spec.contains("faults")) << read("small.yaml");
  EXPECT_EQ(spec["expect"].size(), 1u);
  EXPECT_EQ(spec["load"].size(), 1u);
  for (const json& one : certificate["necessary"]) EXPECT_NE(one["without"], "still breaks") << one.dump();
  EXPECT_TRUE(read("small.yaml").starts_with("# Made by: kumasim shrink ")) << read("small.yaml");

  EXPECT_EQ(run("run " + path("small.yaml") + " --seed 1" + bug).code, 1);
  Outcome without = run("run " + path("small.yaml") + " --seed 1");
  EXPECT_EQ(without.code, 0) << without.out;
}

TEST_F(ExploreCli, GoesOnWhereItWasTornAndMergesShards) {
  const std::string what = "explore " + file_ + " --seeds 1..4 --profile swarm --output json ";
  Outcome whole = run(what + "--out " + path("whole"), "2>/dev/null");
  EXPECT_EQ(whole.code, 0) << whole.out;
  json wanted = summary(whole);
  EXPECT_EQ(wanted["runs"], 4);

  std::string results = read("whole/results.jsonl");
  fs::create_directories(folder_ / "torn");
  write("torn/results.jsonl", results.substr(0, results.size() - 40));
  EXPECT_EQ(summary(run(what + "--resume " + path("torn"), "2>/dev/null")), wanted);
  EXPECT_EQ(run(what + "--out " + path("torn")).code, 2) << "it holds results";

  for (const char* shard : {"1/2", "2/2"})
    run(what + "--shard " + shard + " --out " + path(std::string("shard-") + shard[0]), "2>/dev/null");
  Outcome merged = run("explore --merge " + path("shard-1") + " " + path("shard-2") + " --output json");
  EXPECT_EQ(summary(merged), wanted);

  Outcome half = run("explore --merge " + path("shard-1"));
  EXPECT_EQ(half.code, 1) << half.out;
  EXPECT_TRUE(half.out.starts_with("INCOMPLETE stranger")) << half.out;
  EXPECT_NE(half.out.find("2 seeds have no result: 1 3"), std::string::npos) << half.out;

  Outcome other = run("explore " + file_ + " --profile lite --seeds 1..4 --resume " + path("torn"));
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.out.find("the profile is `swarm` there and `lite` here"), std::string::npos) << other.out;
}

/// What a forked process did is what a run of its scenario does from the start.
TEST_F(ExploreCli, BranchesLeaveARunAndAreRunAgainFromTheirFiles) {
  const std::string what = "explore " + file_ + " --seeds 1..1 --profile swarm ";
  Outcome explored = run(what + "--branches 1 --out " + path("tree"));
  EXPECT_EQ(explored.code, 0) << explored.out;
  std::string results = read("tree/results.jsonl");
  json seed = json::parse(results.substr(results.find('\n') + 1));
  const json& branches = seed["branches"];
  ASSERT_GE(branches.size(), 2u) << results;
  EXPECT_NE(explored.out.find(std::to_string(branches.size()) + " of them branches"), std::string::npos)
      << explored.out;
  bool differs = false;
  for (const json& branch : branches) {
    auto name = branch["branch"].get<std::string>();
    Outcome expanded = run("explore " + file_ + " --profile swarm --expand 1 --branch " + name);
    ASSERT_EQ(expanded.code, 0) << expanded.out;
    EXPECT_NE(expanded.out.find("# " + branch["drawn"].back().get<std::string>()), std::string::npos) << expanded.out;
    Outcome again = run("run " + write("branch.yaml", expanded.out) + " --seed 1 --output json", "2>/dev/null");
    EXPECT_EQ(json::parse(again.out)["runs"][0]["fingerprint"], branch["fingerprint"]) << name;
    differs = differs || branch["fingerprint"] != seed["fingerprint"];
  }
  EXPECT_TRUE(differs);

  // The run that they left is as if they had not.
  run(what + "--out " + path("trunk"));
  std::string trunk = read("trunk/results.jsonl");
  EXPECT_EQ(json::parse(trunk.substr(trunk.find('\n') + 1))["fingerprint"], seed["fingerprint"]);
  EXPECT_EQ(run("explore " + file_ + " --expand 1 --branch call.failed/17").code, 2);
  EXPECT_EQ(run("explore " + file_ + " --profile smoke --branches 1").code, 2);
}

/// The second batch of seeds prefers what the first has shown least of; its runs are shown again by themselves.
TEST_F(ExploreCli, SteersWhatSeedsDrawAndPrintsHow) {
  const std::string what = "explore " + file_ + " --seeds 1..17 --profile lite --steer ";
  EXPECT_EQ(run(what + "--jobs 2 --out " + path("steered")).code, 0);
  std::string results = read("steered/results.jsonl");
  auto result = [](const std::string& of, const std::string& seed) {
    std::size_t begin = of.find("\"seed\":" + seed + ",");
    begin = of.rfind('\n', begin) + 1;
    json out = json::parse(of.substr(begin, of.find('\n', begin) - begin));
    out.erase("wallMs");
    return out;
  };
  json last = result(results, "17");
  EXPECT_FALSE(result(results, "16").contains("prefer"));
  ASSERT_TRUE(last.contains("prefer"));

  fs::create_directories(folder_ / "torn");
  std::size_t line = results.rfind('\n', results.size() - 2) + 1;
  EXPECT_EQ(json::parse(results.substr(line))["seed"], 17) << "it has a batch of its own";
  write("torn/results.jsonl", results.substr(0, line));
  run(what + "--resume " + path("torn"));
  EXPECT_EQ(result(read("torn/results.jsonl"), "17"), last);

  std::string prefer;
  for (const json& kind : last["prefer"]) prefer += (prefer.empty() ? "" : ",") + kind.get<std::string>();
  Outcome expanded = run("explore " + file_ + " --profile lite --expand 17 --prefer " + prefer);
  EXPECT_NE(expanded.out.find("--expand 17 --prefer " + prefer), std::string::npos) << expanded.out;
  Outcome alone = run("run " + write("alone.yaml", expanded.out) + " --seed 17 --output json", "2>/dev/null");
  EXPECT_EQ(json::parse(alone.out)["runs"][0]["fingerprint"], last["fingerprint"]);
  EXPECT_EQ(run("explore " + file_ + " --profile smoke --steer").code, 2);
}

TEST_F(ExploreCli, PrintsTheScenarioOfASeed) {
  Outcome expanded = run("explore " + file_ + " --profile swarm --expand 3");
  EXPECT_EQ(expanded.code, 0);
  EXPECT_TRUE(expanded.out.starts_with("# Made by: kumasim explore ")) << expanded.out;
  EXPECT_EQ(run("validate " + write("expanded.yaml", expanded.out)).code, 0);
}

TEST_F(ExploreCli, RefusesBadArguments) {
  for (const char* arguments :
       {"explore", "explore x.yaml", "explore x.yaml --profile heavy", "explore x.yaml --shard 3/2",
        "explore x.yaml --jobs 0", "explore --merge nowhere", "explore x.yaml --seeds 0..3",
        "explore --seeds 1..2 --merge nowhere", "explore --resume x --merge nowhere", "shrink",
        "shrink x.yaml --planted-bug none-such", "shrink x.yaml --minutes soon", "shrink x.yaml --seed -1",
        "explore x.yaml --expand 0", "explore x.yaml --expand soon"})
    EXPECT_EQ(run(arguments).code, 2) << arguments;
  Outcome nothing = run("explore " + file_ + " --profile lite --seeds 1..2 --resume " + path("nowhere"));
  EXPECT_EQ(nothing.code, 2);
  EXPECT_NE(nothing.out.find("begin with --out"), std::string::npos) << nothing.out;
  Outcome passes = run("shrink " + file_ + " --seed 1");
  EXPECT_EQ(passes.code, 2);
  EXPECT_NE(passes.out.find("seed 1 passes: there is nothing to shrink"), std::string::npos) << passes.out;
}

}  // namespace
