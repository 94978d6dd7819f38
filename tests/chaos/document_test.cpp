/// Documents as text and as parts.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "scenarios/explore/document_parts.hpp"
#include "scenarios/explore/document_text.hpp"
#include "scenarios/explore/lesser.hpp"
#include "scenarios/explore/narrow.hpp"
#include "tests/chaos/explore_bed.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

json read_back(const std::string& text) {
  auto document = parse_document(text, "written.yaml");
  if (document) return document->value;
  ADD_FAILURE() << document.error().text() << "\n" << text;
  return {};
}

TEST(DocumentText, EveryScenarioReadsBackAsItWas) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios")) {
    if (entry.path().extension() != ".yaml") continue;
    std::ifstream in(entry.path());
    std::string text((std::istreambuf_iterator<char>(in)), {});
    auto document = parse_document(text, entry.path().string());
    ASSERT_TRUE(document) << document.error().text();
    EXPECT_EQ(read_back(document_text(document->value)), document->value) << entry.path();
    ++files;
  }
  EXPECT_GT(files, 5u);
}

TEST(DocumentText, EveryStringReadsBackAsItWas) {
  rc::check([](const std::string& raw) {
    std::string text;
    for (char c : raw) text += c >= ' ' && c <= '~' ? c : '~';
    json document{{"spec", {{"list", {text, {{text.empty() ? "key" : text, text}}}}}}};
    RC_ASSERT(read_back(document_text(document)) == document);
  });
  for (const char* text :
       {"20",    "1e3", "0x10",  "true", "No",  "null",           "~",  "",   "-",    "- a",  "a: b", "a #b", "20s",
        "99.9%", "2.5", "1_000", "a,b",  "{a}", "web -> backend", " a", "a ", "1.5s", "12e5", "010s", "=",    "<<"}) {
    json document{{"spec", {{"list", {text, {{"key", text}}}}}}};
    EXPECT_EQ(read_back(document_text(document)), document) << text;
  }
}

TEST(DocumentText, FieldsStandInTheOrderOfTheGrammar) {
  std::string text = document_text(source_of(with_expectations("  - always: no-plaintext\n")).document);
  EXPECT_TRUE(text.starts_with("apiVersion: kumasim/v1\nkind: Scenario\n")) << text;
  EXPECT_LT(text.find("duration"), text.find("topology")) << text;
  EXPECT_LT(text.find("resources"), text.find("faults")) << text;
  EXPECT_EQ(comment_text("a\n\nb\n"), "# a\n#\n# b\n");
}

const json& document() {
  static const json value =
      parse_document(with_expectations("  - always: no-plaintext\n  - always: converged\n"), "two.yaml")->value;
  return value;
}

std::vector<std::string> texts(const std::vector<Part>& parts) {
  std::vector<std::string> out;
  for (const Part& part : parts) out.push_back(part_text(document(), part));
  return out;
}

TEST(DocumentParts, AreAllThatCanBeLeftOut) {
  std::vector<std::string> large = texts(large_parts(document())), small = texts(small_parts(document()));
  auto has = [](const std::vector<std::string>& all, const std::string& one) {
    return std::ranges::find(all, one) != all.end();
  };
  for (const char* part :
       {"spec.expect[1] (converged)", "spec.faults[0] (proc.kill)", "spec.changes[0] (t)", "spec.load[0] (backend)",
        "spec.topology.links[0]", "spec.resources[1] (all)", "spec.topology.services[1] (idle)",
        "spec.topology.services[0].calls[0] (backend)", "spec.topology.services[2].versions[1]"})
    EXPECT_TRUE(has(large, part)) << part;
  for (const char* part : {"metadata.description (of: two)", "metadata.tags", "spec.setup (30s)",
                           "spec.topology.services[2].latency", "spec.resources[0].mtls"})
    EXPECT_TRUE(has(small, part)) << part;
  for (const std::string& part : small) {
    EXPECT_FALSE(has(large, part)) << part;
    EXPECT_FALSE(part.starts_with("metadata.name") || part.ends_with(".for") || part.starts_with("apiVersion")) << part;
  }
}

TEST(DocumentParts, AreLeftOutTogether) {
  json whole = document();
  json less = without(whole, {Part("/spec/faults/0"), Part("/spec/expect/1"),
                              Part("/spec/topology/services/2/versions/0"), Part("/metadata/tags")});
  EXPECT_EQ(less["spec"]["faults"].size(), 1u);
  EXPECT_EQ(less["spec"]["faults"][0]["fault"], "proc.pause");
  EXPECT_EQ(less["spec"]["expect"].size(), 1u);
  EXPECT_EQ(less["spec"]["topology"]["services"][2]["versions"][0]["tags"]["version"], "v2");
  EXPECT_FALSE(less["metadata"].contains("tags"));
  EXPECT_EQ(without(whole, {}), whole);
}

TEST(Lesser, ValuesAreLessAndLeastFirst) {
  for (const Lesser& lesser : lesser_values(document())) {
    ASSERT_FALSE(lesser.values.empty()) << lesser.at.to_string();
    for (const json& value : lesser.values) {
      EXPECT_NE(value, document()[lesser.at]) << lesser.at.to_string();
      if (value.is_number()) EXPECT_LT(value, document()[lesser.at]);
    }
  }
  std::vector<Lesser> all = lesser_values(document());
  EXPECT_EQ(all.front().at.to_string(), "/spec/duration");
  EXPECT_EQ(all.front().values, (std::vector<json>{"1s", "12s", "25s", "50s", "1m15s", "1m39s"}));
}

TEST(Lesser, MomentsMoveTogether) {
  json fixed = document();
  fixed["spec"]["faults"].erase(0);
  fixed["spec"]["changes"][0]["at"] = "40s";
  std::vector<json> moved = earlier(fixed);
  ASSERT_FALSE(moved.empty());
  EXPECT_EQ(moved[0]["spec"]["faults"][0]["at"], "0s");
  EXPECT_EQ(moved[0]["spec"]["changes"][0]["at"], "10s");
  EXPECT_EQ(moved[0]["spec"]["duration"], "1m10s");
  EXPECT_TRUE(earlier(document()).empty()) << "a range cannot be moved";
}

/// The narrowed document has one plan for all seeds: that of the seed which it was narrowed to.
TEST(Narrow, FixesWhatTheSeedDrew) {
  Source source = source_of(with_expectations("  - always: no-plaintext\n"));
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Plan plan = make_plan(source.scenario, seed);
    auto loaded = load_scenario(document_text(narrowed(source.document, source.scenario, plan)), "narrow.yaml");
    ASSERT_TRUE(loaded) << loaded.error()[0].text();
    ASSERT_EQ(loaded->faults.size(), 3u) << "one for each of two instances, and the pause";
    std::vector<std::string> lines = plan_lines(make_plan(*loaded, seed + 1));
    EXPECT_EQ(lines, plan_lines(make_plan(*loaded, seed + 2)));
    for (const Action& action : plan.actions) {
      for (const std::string& process : action.order.processes) {
        bool there = std::ranges::any_of(lines, [&](const std::string& line) {
          return line.starts_with(duration_text(action.at) + " ") && line.find(process) != std::string::npos;
        });
        EXPECT_TRUE(there) << action.text << " of seed " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace kumasim::scenario
