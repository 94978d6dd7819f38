/// The museum: real bugs of service meshes. Each scenario breaks with its bug planted and holds without.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/scenarios/scenario_texts.hpp"
#include "tests/scenarios/sim_run.hpp"

namespace kumasim::scenario {
namespace {

struct Exhibit {
  std::string file, bug;
  std::uint64_t seed;  ///< one that shows the bug
  std::string breaks;  ///< an expectation that breaks then
};

const std::vector<Exhibit>& exhibits() {
  static const std::vector<Exhibit> all{
      {"envoy-14841-nack-by-version", "nack-taken-for-ack", 1, "refusals-known"},
      {"envoy-34334-refused-clusters-forgotten", "envoy-forgets-refused-clusters", 1, "policy-applied"},
      {"gateway-4891-bundle-replaced", "trust-bundle-replaced", 1, "availability"},
      {"istio-19257-failover-without-detection", "outlier-detection-lost", 1, "reachable"},
      {"istio-3155-rotation-cuts-calls", "envoy-cut-by-rotation", 1, "reachable"},
      {"kuma-10463-nack-stops-type", "nack-stops-type", 1, "policy-applied"},
      {"kuma-10463-nack-stops-type-of-zone", "kds-nack-stops-type", 1, "policy-applied"},
      {"kuma-15758-zone-made-by-one-stream", "kds-zone-made-by-one-stream", 1, "within"},
      {"kuma-16003-zone-deleted", "kds-streams-outlive-zone", 1, "within"},
      {"kuma-18208-refusal-ends-stream", "kds-refusal-ends-stream", 1, "policy-applied"},
      {"kuma-18570-trust-domain-stays", "trust-domain-stays", 1, "within"},
      {"kuma-4707-silent-global-kept", "kds-silent-global-kept", 1, "policy-applied"},
      {"kuma-8297-egress-ejected", "panic-routing-lost", 1, "availability"},
      {"kuma-874-old-stream-ends-new", "old-stream-ends-new", 1, "converged"},
      {"kuma-9455-stream-end-empties-others", "kds-stream-end-empties-others", 1, "availability"},
      {"kuma-failover-threshold-truncated", "failover-threshold-truncated", 1, "kuma.io/zone=east"},
  };
  return all;
}

Scenario load(const std::string& file) { return must_load(load_scenario_file("scenarios/museum/" + file + ".yaml")); }

class Museum : public testing::TestWithParam<Exhibit> {};

TEST_P(Museum, HoldsAsItIs) { EXPECT_EQ(broken(run(load(GetParam().file), {.seed = GetParam().seed})), ""); }

TEST_P(Museum, BreaksWithTheBug) {
  WorldRun done = run(load(GetParam().file), {.seed = GetParam().seed, .planted_bug = GetParam().bug});
  EXPECT_TRUE(done.problems.empty()) << broken(done);
  const Verdict* verdict = find(done, GetParam().breaks);
  ASSERT_NE(verdict, nullptr);
  EXPECT_FALSE(verdict->held) << verdict->title << ": " << verdict->seen;
}

INSTANTIATE_TEST_SUITE_P(All, Museum, testing::ValuesIn(exhibits()), [](const auto& tested) {
  std::string name = tested.param.file;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(Museums, HaveATestForEachFileAndTellOfEachInTheTable) {
  std::set<std::string> files, tested;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios/museum"))
    if (entry.path().extension() == ".yaml") files.insert(entry.path().stem().string());
  std::ifstream in("scenarios/museum/README.md");
  std::string table((std::istreambuf_iterator<char>(in)), {});
  for (const Exhibit& exhibit : exhibits()) {
    tested.insert(exhibit.file);
    EXPECT_NE(table.find(exhibit.file + ".yaml"), std::string::npos) << exhibit.file;
    EXPECT_NE(table.find("`" + exhibit.bug + "`"), std::string::npos) << exhibit.bug;
  }
  EXPECT_EQ(files, tested);
}

}  // namespace
}  // namespace kumasim::scenario
