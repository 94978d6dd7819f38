/// What a report says of problems and refusals, in every format, and what kumasim exits with.
#include <gtest/gtest.h>

#include <algorithm>

#include <yaml-cpp/yaml.h>

#include "kumasim/scenario/report.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

Report report(WorldRun run) {
  Report out{.scenario = "s", .description = "", .file = "s.yaml", .commit = "c", .overrides = {}, .runs = {}};
  out.runs.push_back(std::move(run));
  return out;
}

WorldRun good() {
  WorldRun out{.world = "sim", .seed = 1, .planted_bug = ""};
  out.verdicts.push_back(
      {.title = "t", .mark = {}, .held = true, .sometimes = false, .seen = "", .why = "", .when = {}, .after = ""});
  return out;
}

WorldRun with(Problem::Kind kind) {
  WorldRun out = good();
  out.problems.push_back({kind, "text of it", 3s});
  return out;
}

TEST(Report, ExitsByTheWorstOfItsRuns) {
  EXPECT_EQ(exit_code_of(report(good())), ExitCode::passed);
  WorldRun bad = good();
  bad.verdicts[0].held = false;
  EXPECT_EQ(exit_code_of(report(bad)), ExitCode::broken);
  for (auto kind : {Problem::Kind::refused_change, Problem::Kind::control_plane, Problem::Kind::process})
    EXPECT_EQ(exit_code_of(report(with(kind))), ExitCode::broken) << to_string(kind);
  for (auto kind : {Problem::Kind::set_up, Problem::Kind::interrupted, Problem::Kind::load})
    EXPECT_EQ(exit_code_of(report(with(kind))), ExitCode::bad_input) << to_string(kind);
  EXPECT_EQ(exit_code_of(report(with(Problem::Kind::internal))), ExitCode::internal_failure);
  Report both = report(with(Problem::Kind::internal));
  both.runs.push_back(bad);
  EXPECT_EQ(exit_code_of(both), ExitCode::internal_failure);
}

TEST(Report, AnyProblemFailsARunWhoseExpectationsHold) {
  EXPECT_TRUE(good().passed());
  EXPECT_FALSE(with(Problem::Kind::process).passed());
}

TEST(Report, ReplayPlantsTheSameBugInTheSameWorld) {
  WorldRun run = good();
  run.planted_bug = "rbac-rule-dropped";
  run.fingerprint = 0xab;
  EXPECT_EQ(replay_command(report(run), run),
            "tools/kumasim replay s.yaml --seed 1 --planted-bug rbac-rule-dropped --fingerprint 00000000000000ab");
  run.world = "live";
  EXPECT_EQ(replay_command(report(run), run),
            "tools/kumasim run s.yaml --world live --seed 1 --planted-bug rbac-rule-dropped");
}

TEST(Report, EveryFormatTellsOfProblemsAndRefusals) {
  WorldRun run = with(Problem::Kind::refused_change);
  run.refusals.push_back({12s, "web-0", "Listener", "missing <]>"});
  run.uninterpreted["a.b.C.field"] = "inbound <1> of web-0";
  Report said = report(run);
  std::string text = report_text(said);
  EXPECT_NE(text.find("problem: at 3s: text of it"), std::string::npos) << text;
  EXPECT_NE(text.find("12s  web-0 Listener: missing <]>"), std::string::npos) << text;
  EXPECT_NE(text.find("    a.b.C.field (inbound <1> of web-0)\n"), std::string::npos) << text;
  nlohmann::json json = report_json(said);
  EXPECT_EQ(json["runs"][0]["uninterpreted"]["a.b.C.field"], "inbound <1> of web-0");
  EXPECT_EQ(json["runs"][0]["problems"][0]["kind"], "refused-change");
  EXPECT_EQ(json["runs"][0]["refusals"][0],
            (nlohmann::json{{"atSeconds", 12.0}, {"proxy", "web-0"}, {"type", "Listener"}, {"text", "missing <]>"}}));
  YAML::Node yaml = YAML::Load(report_yaml(said));
  EXPECT_EQ(yaml["runs"][0]["refusals"][0]["text"].as<std::string>(), "missing <]>");
  std::string junit = report_junit(said);
  EXPECT_NE(junit.find("name=\"refused-change\"><error type=\"refused-change\" message=\"at 3s: text of it\""),
            std::string::npos)
      << junit;
  EXPECT_NE(junit.find("errors=\"1\""), std::string::npos) << junit;
  EXPECT_NE(junit.find("web-0 refused Listener: missing &lt;]&gt;"), std::string::npos) << junit;
  EXPECT_NE(junit.find("\na.b.C.field (inbound &lt;1&gt; of web-0)\n</system-out>"), std::string::npos) << junit;
  std::string html = report_html(said, {});
  EXPECT_NE(html.find("<code>a.b.C.field</code></td><td>inbound &lt;1&gt; of web-0"), std::string::npos) << html;
  EXPECT_NE(html.find("at 3s: text of it"), std::string::npos);
  EXPECT_NE(html.find("<td>web-0</td><td>Listener</td><td class=no>missing &lt;]&gt;</td>"), std::string::npos) << html;
}

TEST(Report, TheSummaryOfSeedsEndsWithWhatWasNotInterpretedInAnyOfThem) {
  Report said = report(good());
  said.runs.push_back(good());
  EXPECT_EQ(report_text(said).find("not interpreted"), std::string::npos);
  said.runs[0].uninterpreted = {{"a.b.C.field", "inbound of web-0"}, {"a.b.D", "outbound of web-0"}};
  said.runs[1].uninterpreted = {{"a.b.C.field", "inbound of web-1"}, {"a.a.E", "inbound of web-1"}};
  EXPECT_TRUE(report_text(said).ends_with(
      "\nset in the configuration and not interpreted by the simulated Envoy: a.a.E, a.b.C.field, a.b.D\n"))
      << report_text(said);
}

TEST(Report, ThePageSaysThatWhatIsUsuallySoWasMissed) {
  WorldRun run = good();
  run.verdicts[0].held = false;
  run.verdicts[0].usually = true;
  EXPECT_TRUE(run.passed());
  std::string html = report_html(report(run), {});
  EXPECT_NE(html.find("<td class=\"ok\">missed</td>"), std::string::npos) << html;
}

TEST(Report, AnUnansweredPercentileOutlivesJson) {
  WorldRun run = good();
  run.flows.push_back({.from = "a", .to = "b", .calls = 1, .p50 = 2ms, .p99 = never});
  nlohmann::json json = report_json(report(run));
  EXPECT_TRUE(json["runs"][0]["flows"][0]["p99Seconds"].is_null());
  auto read = report_from_json(json);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->runs[0].flows[0].p99, never);
  EXPECT_EQ(read->runs[0].flows[0].p50, 2ms);
}

}  // namespace
}  // namespace kumasim::scenario
