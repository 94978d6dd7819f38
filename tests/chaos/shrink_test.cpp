/// Shrinking of documents against an oracle that knows what must be there.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "scenarios/explore/document_text.hpp"
#include "scenarios/explore/shrink.hpp"
#include "tests/chaos/explore_bed.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

using Breaks = std::function<bool(const json&)>;

std::int64_t seconds_of(const json& value) { return parse_duration(value.get<std::string>())->count() / 1'000'000'000; }

/// What a loader would ask for, as far as these tests go: loading takes long without optimisation.
bool loads(const json& document) {
  const json& spec = document["spec"];
  if (spec["expect"].empty() || spec["topology"]["services"].empty()) return false;
  for (const json& fault : spec.value("faults", json::array())) {
    if (!fault.contains("at") || !fault.contains("target")) return false;
    if (seconds_of(fault["at"]) > seconds_of(spec["duration"])) return false;
  }
  return true;
}

/// A candidate that does not load does not break.
Trial trial_of(Breaks breaks, std::size_t jobs, std::size_t* runs = nullptr) {
  auto outcome = [=](const json& document) -> std::string {
    if (runs != nullptr) ++*runs;
    if (!loads(document)) return "does not load";
    return breaks(document) ? "" : "passes";
  };
  return {.first_breaking = [=](const Trial::Documents& candidates) -> std::optional<std::size_t> {
            for (std::size_t begin = 0; begin < candidates.size(); begin += jobs) {
              std::optional<std::size_t> found;
              for (std::size_t i = std::min(begin + jobs, candidates.size()); i-- > begin;) {
                if (outcome(candidates[i]).empty()) found = i;
              }
              if (found) return found;
            }
            return std::nullopt;
          },
          .outcomes =
              [=](const Trial::Documents& candidates) {
                std::vector<std::string> out;
                for (const json& candidate : candidates) out.push_back(outcome(candidate));
                return out;
              },
          .say = {}};
}

json start() {
  json out = source_of(with_expectations(
                           "  - always: no-plaintext\n  - always: converged\n  - always: reachable(web -> backend)\n"))
                 .document;
  out["spec"]["faults"][0] = {{"at", "10s"}, {"for", "5s"}, {"fault", "proc.kill"}, {"target", "backend-v1-0"}};
  out["spec"]["changes"][0]["at"] = "40s";
  return out;
}

/// Breaks where web has two instances and web-0 is paused at or after 7 s, while somebody expects convergence.
bool pause_breaks(const json& document) {
  const json& spec = document["spec"];
  auto any = [&](const char* list, auto&& fits) {
    const json all = spec.value(list, json::array());
    return std::ranges::any_of(all, fits);
  };
  bool pause = any("faults", [](const json& fault) {
    return fault["fault"] == "proc.pause" && fault["target"] == "web-0" && seconds_of(fault["at"]) >= 7;
  });
  bool expected = any("expect", [](const json& one) { return one.value("always", "") == "converged"; });
  bool web = std::ranges::any_of(spec["topology"]["services"], [](const json& service) {
    return service["name"] == "web" && service.value("instances", 1) >= 2;
  });
  return pause && expected && web;
}

TEST(Shrink, LeavesWhatIsNeededAndProvesIt) {
  Shrunk shrunk = shrink(start(), trial_of(pause_breaks, 1));
  const json& spec = shrunk.document["spec"];
  EXPECT_EQ(spec["expect"], json::array({{{"always", "converged"}}})) << document_text(shrunk.document);
  ASSERT_EQ(spec["faults"].size(), 1u);
  EXPECT_EQ(spec["faults"][0]["fault"], "proc.pause");
  EXPECT_EQ(spec["faults"][0]["at"], "7s");
  EXPECT_EQ(spec["duration"], "7s");
  ASSERT_EQ(spec["topology"]["services"].size(), 1u);
  EXPECT_EQ(spec["topology"]["services"][0], (json{{"name", "web"}, {"instances", 2}}));
  for (const char* gone : {"changes", "load", "resources", "setup"}) EXPECT_FALSE(spec.contains(gone)) << gone;
  EXPECT_TRUE(load_scenario(document_text(shrunk.document), "small.yaml")) << document_text(shrunk.document);
  EXPECT_TRUE(shrunk.minimal());
  ASSERT_FALSE(shrunk.necessary.empty());
  for (const Necessity& one : shrunk.necessary) EXPECT_NE(one.without, "") << one.part << " is not needed";
  auto instances = std::ranges::find_if(shrunk.necessary, [](const Necessity& one) {
    return one.part.starts_with("one of 2 instances at spec.topology.services[0]");
  });
  ASSERT_NE(instances, shrunk.necessary.end());
  EXPECT_EQ(instances->without, "passes");
}

/// What an expectation allows keeps its length, else any failure becomes a deadline that nothing can meet.
TEST(Shrink, MovesWindowsAndKeepsTheirLength) {
  json document = start();
  document["spec"]["expect"] = {{{"eventually", {{"after", "60s"}, {"within", "30s"}, {"that", "converged"}}}},
                                {{"during", {{"from", "50s"}, {"to", "70s"}, {"that", "no-plaintext"}}}}};
  document["spec"]["liveness"] = {{"after", "45s"}, {"within", "50s"}};
  auto both = [](const json& one) {
    const json& expect = one["spec"]["expect"];
    return expect.size() == 2 && expect[0].contains("eventually") && expect[1].contains("during") &&
           one["spec"].contains("liveness") && one["spec"].value("changes", json::array()).size() == 1 &&
           one["spec"]["changes"][0].value("at", "") == "40s";
  };
  json spec = shrink(document, trial_of(both, 1)).document["spec"];
  EXPECT_EQ(spec["liveness"], (json{{"after", "40s"}, {"within", "50s"}}));
  EXPECT_EQ(spec["expect"][0]["eventually"], (json{{"after", "40s"}, {"within", "30s"}, {"that", "converged"}}));
  EXPECT_EQ(spec["expect"][1]["during"], (json{{"from", "40s"}, {"to", "1m"}, {"that", "no-plaintext"}}));
}

TEST(Shrink, ComesOutAlikeForAnyNumberOfJobs) {
  json one = shrink(start(), trial_of(pause_breaks, 1)).document;
  for (std::size_t jobs : {2u, 5u}) EXPECT_EQ(shrink(start(), trial_of(pause_breaks, jobs)).document, one);
}

TEST(Shrink, AWholeThatNeedsLittleIsSoonSmall) {
  std::size_t runs = 0;
  Shrunk shrunk = shrink(start(), trial_of([](const json&) { return true; }, 1, &runs));
  EXPECT_EQ(shrunk.document["spec"]["topology"]["services"].size(), 1u);
  EXPECT_EQ(shrunk.document["spec"]["duration"], "1s");
  EXPECT_LT(runs, 200u);
}

}  // namespace
}  // namespace kumasim::scenario
