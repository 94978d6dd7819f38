/// `kumasim inspect`, `explain` and `diverge` as people use them.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "tests/tools/program.hpp"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

using kumasim::program::binary;
using kumasim::program::Outcome;
using kumasim::program::run;

constexpr std::string_view small = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: travel}
spec:
  duration: 4s
  topology:
    services:
    - {name: web, calls: [backend]}
    - {name: backend}
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load:
  - {from: web, to: backend, rate: 10/s}
  faults:
  - {at: 2s, for: 1s, fault: proc.kill, target: backend-0}
  expect:
  - always: reachable(web -> backend)
)";

class TimeTravel : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("kumasim-travel-" + std::to_string(getpid()));
    fs::create_directories(folder_);
    file_ = path("travel.yaml");
    std::ofstream(file_) << small;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  /// In place of another build.
  std::string script(const std::string& text) const {
    std::string file = path("other.sh");
    std::ofstream(file) << "#!/bin/sh\n" << text << "\n";
    fs::permissions(file, fs::perms::owner_all);
    return file;
  }

  fs::path folder_;
  std::string file_;
};

TEST_F(TimeTravel, InspectsTheMeshAProcessAndAConfiguration) {
  Outcome mesh = run("inspect " + file_ + " --at 2.5s", "2>/dev/null");
  EXPECT_EQ(mesh.code, 0) << mesh.out;
  EXPECT_TRUE(mesh.out.starts_with("travel seed 1 at 2.5s (2026-01-01T00:00:")) << mesh.out;
  EXPECT_NE(mesh.out.find("faults in force\n  kill backend-0 since 2s\n"), std::string::npos) << mesh.out;
  EXPECT_NE(mesh.out.find("PROCESS "), std::string::npos);
  json all = json::parse(run("inspect " + file_ + " --at 2.5s --output json", "2>/dev/null").out);
  EXPECT_EQ(all["atSeconds"], 2.5);
  EXPECT_EQ(all["proxies"]["backend-0"]["up"], false);
  EXPECT_EQ(all["controlPlane"]["up"], true);
  YAML::Node one = YAML::Load(run("inspect " + file_ + " --at 1s --process web-0 --output yaml", "2>/dev/null").out);
  EXPECT_EQ(one["state"]["service"].as<std::string>(), "web");
  EXPECT_GT(one["configuration"].size(), 4u);
  Outcome process = run("inspect " + file_ + " --at 1s --process web-0");
  EXPECT_NE(process.out.find("knows of backend: 10."), std::string::npos) << process.out;
  Outcome operated = run("inspect " + file_ + " --at 1s --process kuma-cp");
  EXPECT_NE(operated.out.find("created MeshTrafficPermission all"), std::string::npos) << operated.out;

  Outcome clusters = run("inspect " + file_ + " --at 1s --process web-0 --config clusters/backend");
  EXPECT_EQ(clusters.code, 0) << clusters.out;
  EXPECT_NE(clusters.out.find("web-0 Cluster backend\n  changed by commit "), std::string::npos) << clusters.out;
  json dump = json::parse(run("inspect " + file_ + " --at 1s --process web-0 --config all", "2>/dev/null").out);
  EXPECT_EQ(dump["configs"].size(), 6u);
  json call = json::parse(run("inspect " + file_ + " --call 'web -> backend @ 1s' --output json", "2>/dev/null").out);
  EXPECT_EQ(call["process"], "web-0");
}

TEST_F(TimeTravel, ExplainsTheOffendingCallOfAFileAndOfAReport) {
  std::string report = path("report.json");
  EXPECT_EQ(run("run --seed 4 --output json --report " + report + " " + file_).code, 1);
  Outcome text = run("explain " + report, "2>/dev/null");
  EXPECT_EQ(text.code, 0) << text.out;
  EXPECT_TRUE(text.out.starts_with("broke: always reachable(web -> backend)\ncall ")) << text.out;
  EXPECT_NE(text.out.find("fault: kill backend-0 at 2s, in force, strikes backend-0"), std::string::npos) << text.out;
  json same = json::parse(run("explain " + file_ + " --seed 4 --first-failed any --output json", "2>/dev/null").out);
  EXPECT_EQ(same["suspects"][0]["kind"], "proc.kill");
  EXPECT_EQ(same["call"]["ok"], false);
  EXPECT_GE(same["since"]["timeline"].size(), 1u);
  // Its listener came long before the last push of listeners, which brought it unchanged.
  Outcome late = run("explain scenarios/quickstart.yaml --call 'web -> backend @ 100s'", "2>/dev/null");
  EXPECT_EQ(late.code, 0);
  EXPECT_NE(late.out.find("listener outbound:"), std::string::npos) << late.out;
  EXPECT_EQ(late.out.find("another version"), std::string::npos) << late.out;
  Outcome good = run("explain " + file_ + " --call 1");
  EXPECT_EQ(good.code, 0) << good.out;
  EXPECT_NE(good.out.find("status 200"), std::string::npos) << good.out;
}

TEST_F(TimeTravel, ComparesRunsOfOneBuildOfTwoAndOfThen) {
  Outcome twice = run("diverge " + file_);
  EXPECT_EQ(twice.code, 0) << twice.out;
  EXPECT_TRUE(twice.out.starts_with("equal: ")) << twice.out;
  Outcome with = run("diverge " + file_ + " --with " + binary().string());
  EXPECT_EQ(with.code, 0) << with.out;

  EXPECT_EQ(run("diverge " + file_ + " --save " + path("then.json")).code, 0);
  EXPECT_EQ(run("diverge " + file_ + " --against " + path("then.json")).code, 0);
  // The fault is moved: the runs part where it struck first.
  std::string text(small);
  text.replace(text.find("at: 2s"), 6, "at: 3s");
  std::ofstream(file_) << text;
  Outcome parted = run("diverge " + file_ + " --against " + path("then.json") + " --output json", "2>/dev/null");
  EXPECT_EQ(parted.code, 1) << parted.out;
  json found = json::parse(parted.out);
  EXPECT_EQ(found["equal"], false);
  const json& events = found["second"]["differing"];
  ASSERT_FALSE(events.empty());
  std::string range = found["among"][0].dump() + ".." + found["among"][1].dump();
  Outcome printed = run("diverge " + file_ + " --events " + range, "2>/dev/null");
  EXPECT_EQ(std::ranges::count(printed.out, '\n'), static_cast<std::ptrdiff_t>(events.size()));
  EXPECT_EQ(json::parse(printed.out.substr(0, printed.out.find('\n'))), events[0]) << printed.out;
}

TEST_F(TimeTravel, NamesTheFirstDifferingEventOfTwoBuilds) {
  std::string other = script("exec " + binary().string() + " \"$@\" --planted-bug rbac-rule-dropped");
  Outcome parted = run("diverge " + file_ + " --output json --with " + other, "2>/dev/null");
  EXPECT_EQ(parted.code, 1) << parted.out;
  json found = json::parse(parted.out);
  std::uint64_t event = found.at("event");
  EXPECT_GE(event, found["among"][0].get<std::uint64_t>());
  EXPECT_LE(event, found["among"][1].get<std::uint64_t>());
  auto printed = [&](const std::string& program, std::uint64_t number) {
    std::string range = std::to_string(number) + ".." + std::to_string(number);
    return kumasim::program::shell(program + " diverge " + file_ + " --seed 1 --events " + range).out;
  };
  EXPECT_EQ(json::array({json::parse(printed(binary().string(), event))}), found["first"]["differing"]);
  EXPECT_EQ(json::array({json::parse(printed(other, event))}), found["second"]["differing"]);
  EXPECT_NE(found["first"]["differing"], found["second"]["differing"]);
  EXPECT_EQ(printed(binary().string(), event - 1), printed(other, event - 1)) << "it is not the first";
  Outcome text = run("diverge " + file_ + " --with " + other, "2>/dev/null");
  EXPECT_TRUE(text.out.starts_with("first differing event: " + std::to_string(event) + "\n")) << text.out;
}

TEST_F(TimeTravel, SaysThatOnlyDigestsDiffer) {
  std::string other = script(binary().string() + R"( "$@" || exit
for last; do :; done
case "$*" in *--save*) sed -E -i 's/"[0-9a-f]{16}"/"0000000000000000"/g' "$last" ;; esac)");
  Outcome parted = run("diverge " + file_ + " --with " + other, "2>/dev/null");
  EXPECT_EQ(parted.code, 1) << parted.out;
  EXPECT_TRUE(parted.out.starts_with("first differing event: one of 1..64\n")) << parted.out;
  EXPECT_NE(parted.out.find(" print the same events there: only their digests differ\n"), std::string::npos)
      << parted.out;
}

TEST_F(TimeTravel, ComplainsWhereAReportIsOfAnotherRun) {
  std::string report = path("report.json");
  ASSERT_EQ(run("run --output json --report " + report + " " + file_).code, 1);
  for (std::string command : {"explain ", "diverge ", "inspect --call 1 "}) {
    Outcome same = run(command + report);
    EXPECT_EQ(same.code, 0) << command << "\n" << same.out;
    EXPECT_EQ(same.out.find("not the same run"), std::string::npos) << same.out;
  }
  Outcome bug = run("explain " + report + " --planted-bug rbac-rule-dropped");
  EXPECT_EQ(bug.code, 2) << bug.out;
  EXPECT_NE(bug.out.find("its run of seed 1 had no planted bug, not --planted-bug rbac-rule-dropped"),
            std::string::npos)
      << bug.out;
  Outcome fingerprint = run("replay " + report + " --fingerprint 0000000000000001");
  EXPECT_EQ(fingerprint.code, 2) << fingerprint.out;
  EXPECT_NE(fingerprint.out.find("its run of seed 1 had the fingerprint "), std::string::npos) << fingerprint.out;

  std::ifstream in(report);
  json altered = json::parse(in);
  altered["commit"] = "000000000000";
  altered["runs"][0]["fingerprint"] = "0000000000000001";
  std::ofstream(report) << altered;
  for (std::string command : {"explain ", "diverge ", "inspect --call 1 "}) {
    Outcome other = run(command + report);
    EXPECT_EQ(other.code, 2) << command << "\n" << other.out;
    EXPECT_NE(other.out.find("instead of 0000000000000001; another commit or build?"), std::string::npos) << other.out;
  }
  Outcome then = run("inspect --at 1s " + report);
  EXPECT_EQ(then.code, 0) << then.out;
  EXPECT_NE(then.out.find("warning: the report is of commit 000000000000, this is "), std::string::npos) << then.out;
}

TEST_F(TimeTravel, RefusesBadArguments) {
  struct Bad {
    std::string arguments, says;
  };
  for (const Bad& bad : std::vector<Bad>{
           {"inspect " + file_, "inspect needs a moment: --at or --call"},
           {"inspect " + file_ + " --at 1s --call 1", "excludes"},
           {"inspect " + file_ + " --at soon", "expected a time such as 61.2s"},
           {"inspect " + file_ + " --at 5m", "--at 5m is after the end of the run, 4s"},
           {"inspect " + file_ + " --at 1s --process webb-0", "there is no process `webb-0` (did you mean `web-0`?)"},
           {"inspect " + file_ + " --at 1s --config clusters", "--config needs --process"},
           {"inspect " + file_ + " --call 1 --process kuma-cp --config clusters", "--config needs --process"},
           {"inspect " + file_ + " --at 1s --process web-0 --config filters", "expected all or one of clusters"},
           {"inspect " + file_ + " --at 1s --process web-0 --config clusters/x", "web-0 has no clusters/x then"},
           {"inspect " + file_ + " --call 999999", "the run has no call 999999"},
           {"inspect nowhere.yaml --at 1s", "nowhere.yaml: cannot be read"},
           {"explain " + file_ + " --call 'a -> b'", "the scenario has no flow `a -> b`"},
           {"explain " + file_ + " --call 1 --first-failed any", "excludes"},
           {"explain " + file_ + " --planted-bug none", "there is no planted bug `none`"},
           {"inspect " + file_ + " --at 1s --seed -1", "expected a whole number of at most"},
           {"diverge " + file_ + " --events 5..1", "expected a range such as"},
           {"diverge " + file_ + " --events 99999999..999999999", "the run has no events 99999999..999999999"},
           {"diverge " + file_ + " --against " + file_, "is not what `kumasim diverge --save` writes"},
           {"diverge " + file_ + " --with /nowhere/kumasim", "/nowhere/kumasim did not do the run"},
           {"diverge " + file_ + " --save a --against b", "excludes"}}) {
    Outcome refused = run(bad.arguments);
    EXPECT_EQ(refused.code, 2) << bad.arguments << "\n" << refused.out;
    EXPECT_NE(refused.out.find(bad.says), std::string::npos) << bad.arguments << "\n" << refused.out;
  }
}

}  // namespace
