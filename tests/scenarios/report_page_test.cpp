/// The HTML report without a browser: what it holds, that it needs nothing else, and that it agrees with its JSON.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "kumasim/scenario/report.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

WorldRun run(std::uint64_t seed = 1, bool held = true) {
  WorldRun out{.world = "sim", .seed = seed, .planted_bug = ""};
  out.verdicts.push_back(
      {.title = "always x", .mark = {}, .held = held, .seen = "s", .why = "</script><b>", .when = 3s, .after = ""});
  out.setup = 1s;
  out.simulated = 11s;
  out.course.slot_length = 1s;
  out.course.length = 10s;
  FlowCourse flow{.from = "web", .to = "backend", .slots = std::vector<FlowSlot>(10)};
  for (std::size_t i = 0; i < 10; ++i) {
    if (i == 4) continue;  // a gap
    flow.slots[i] = {
        .calls = 10, .ok = i == 5 ? 0u : 10u, .failed = i == 5 ? 10u : 0u, .p50 = 1ms, .p99 = i == 5 ? never : 9ms};
  }
  out.course.flows.push_back(std::move(flow));
  out.course.faults.push_back({.id = 1, .kind = "proc.kill", .text = "kill backend-0", .begin = 4s, .end = 6s});
  out.course.processes = {
      {.process = "kuma-cp"},
      {.process = "web-0", .service = "web", .cut_off = {{1s, 2s}}, .configurations = {{0s, 3}, {7s, 4}}},
      {.process = "backend-0", .service = "backend", .down = {{4s, 6s}}}};
  return out;
}

Report report(std::vector<WorldRun> runs) {
  Report out{.scenario = "s", .description = "", .file = "s.yaml", .commit = "c", .overrides = {}, .runs = {}};
  out.runs = std::move(runs);
  return out;
}

std::size_t count(const std::string& text, const std::string& pattern) {
  std::regex expression(pattern);
  return static_cast<std::size_t>(std::distance(std::sregex_iterator(text.begin(), text.end(), expression), {}));
}

/// The path of the first curve of that class.
std::string path(const std::string& html, const std::string& style) {
  std::smatch found;
  return std::regex_search(html, found, std::regex("<path class=\"" + style + "\" d=\"([^\"]*)\"")) ? found[1].str()
                                                                                                    : "";
}

TEST(ReportPage, CurvesHaveAPointForEachSlotWithACall) {
  std::string html = report_html(report({run()}), {});
  EXPECT_EQ(count(path(html, "success"), "[ML]"), 9u);
  EXPECT_EQ(count(path(html, "success"), "M"), 2u) << "there is a gap";
  EXPECT_EQ(count(path(html, "p50"), "[ML]"), 9u);
  EXPECT_EQ(count(path(html, "p99"), "[ML]"), 8u);
  EXPECT_EQ(count(path(html, "unanswered"), "[ML]"), 1u);
}

TEST(ReportPage, ShowsFaultsAndProcesses) {
  std::string html = report_html(report({run()}), {});
  EXPECT_NE(html.find("kill backend-0 (proc.kill), 4s to 6s"), std::string::npos);
  EXPECT_NE(html.find("backend-0 was down, 4s to 6s"), std::string::npos);
  EXPECT_NE(html.find("web-0 was cut off from the control plane, 1s to 2s"), std::string::npos);
  EXPECT_NE(html.find("web-0 at 7s: 4 configurations taken"), std::string::npos);
  EXPECT_EQ(count(html, "class=\"configuration\""), 1u);
}

TEST(ReportPage, NeedsNothingElseAndNamesItsFigures) {
  WorldRun failed = run(1, false);
  failed.messages =
      Messages{3s, {{1, 1s, "web-0", ""}, {2, 2s, "backend-0", "request"}, {3, 4s, "web-0", "kill"}}, {{0, 1}}};
  std::string html = report_html(report({failed}), {"<?xml?><svg viewBox=\"0 0 9 9\"><g/></svg>"});
  EXPECT_EQ(count(html, "(src|href)=\"[^#]"), 0u);
  EXPECT_EQ(count(html, "@import|url\\((?!#)"), 0u);
  EXPECT_EQ(count(html, "<svg"), 3u);
  EXPECT_EQ(count(html, "<svg[^>]*role=\"img\""), 3u);
  EXPECT_EQ(count(html, "<desc id"), 2u);
  EXPECT_NE(html.find("class=\"messages\""), std::string::npos);
  EXPECT_EQ(count(html, "<line class=\"message\""), 1u);
  EXPECT_NE(html.find("tools/kumasim replay s.yaml --seed 1"), std::string::npos);
}

TEST(ReportPage, CarriesItsJsonInOnePiece) {
  Report said = report({run(1, false)});
  std::string html = report_html(said, {});
  std::size_t begin = html.find("id=\"report\">") + 12;
  std::string data = html.substr(begin, html.find("</script>", begin) - begin);
  EXPECT_EQ(nlohmann::json::parse(data, nullptr, false), report_json(said));
}

TEST(ReportPage, OfManyRunsShowsThoseThatFailedInFull) {
  std::vector<WorldRun> runs;
  for (std::uint64_t seed = 1; seed <= 9; ++seed) runs.push_back(run(seed, seed != 7));
  Report many = report(std::move(runs));
  EXPECT_EQ(runs_shown(many), (std::vector<std::size_t>{6, 0, 1, 2}));
  std::string html = report_html(many, {});
  EXPECT_EQ(count(html, "<section"), runs_shown_max);
  EXPECT_NE(html.find("<a href=\"#sim-7\">simulated world, seed 7</a>"), std::string::npos);
  EXPECT_NE(html.find("<td>simulated world, seed 9</td>"), std::string::npos);
}

TEST(ReportPage, ARunThatDidNotComeUpHasNoCurves) {
  WorldRun run{.world = "sim", .seed = 1, .planted_bug = ""};
  run.problems.push_back({Problem::Kind::set_up, "the mesh did not come up", {}});
  EXPECT_FALSE(run.failed_at());
  std::string html = report_html(report({run}), {});
  EXPECT_EQ(html.find("<svg"), std::string::npos);
  EXPECT_EQ(html.find("class=\"replay\""), std::string::npos);
}

TEST(ReportPage, ARunFailsWhenItsFirstExpectationBreaks) {
  EXPECT_FALSE(run().failed_at());
  WorldRun failed = run(1, false);
  EXPECT_EQ(failed.failed_at(), 3s);
  failed.problems.push_back({Problem::Kind::control_plane, "p", 2s});
  EXPECT_EQ(failed.failed_at(), 2s);
  failed = run(1, false);
  failed.verdicts[0].when.reset();
  EXPECT_EQ(failed.failed_at(), 10s);
}

}  // namespace
}  // namespace kumasim::scenario
