/// `kumasim shrink` on a mesh of 12 services, 30 resources and 40 faults: what is left is the cause. Minutes long.
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include <nlohmann/json.hpp>

#include "tests/tools/program.hpp"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

using kumasim::program::Outcome;
using kumasim::program::run;

/// The certificate of shrinking forty-faults.yaml.
json shrunk(const std::string& more) {
  fs::path folder = fs::path(testing::TempDir()) / ("kumasim-shrink-" + std::to_string(getpid()));
  fs::create_directories(folder);
  std::string file = (folder / "small.yaml").string();
  Outcome outcome = run("shrink scenarios/forty-faults.yaml --seed 1 --out " + file + more);
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  json out;
  std::ifstream(file + ".json") >> out;
  EXPECT_EQ(run("run " + file + more).code, 1) << "it still breaks";
  fs::remove_all(folder);
  return out;
}

TEST(ShrinkSoak, FortyFaultsComeDownToTheTwoThatMatter) {
  json certificate = shrunk("");
  EXPECT_EQ(certificate["minimal"], true);
  const json& spec = certificate["scenario"]["spec"];
  std::set<std::string> faults;
  for (const json& fault : spec["faults"]) faults.insert(fault["fault"]);
  EXPECT_EQ(faults, (std::set<std::string>{"proc.kill", "proc.newAddress"})) << spec.dump(1);
  EXPECT_EQ(spec["faults"].size(), 2u);
  EXPECT_EQ(spec["topology"]["services"].size(), 2u) << spec.dump(1);
  EXPECT_LE(certificate["partsAfter"], 10);
}

TEST(ShrinkSoak, APlantedBugNeedsNoFault) {
  json certificate = shrunk(" --planted-bug rbac-rule-dropped");
  EXPECT_EQ(certificate["minimal"], true);
  const json& spec = certificate["scenario"]["spec"];
  EXPECT_FALSE(spec.contains("faults")) << spec.dump(1);
  EXPECT_EQ(spec["topology"]["services"].size(), 2u) << spec.dump(1);
  EXPECT_LE(certificate["partsAfter"], 8);
}

}  // namespace
