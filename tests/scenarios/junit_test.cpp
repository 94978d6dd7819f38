/// The JUnit report against the schema that Jenkins' xUnit plugin checks such files with (junit-10.xsd), as a table.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>

#include "kumasim/scenario/report.hpp"

namespace kumasim::scenario {
namespace {

using Tree = boost::property_tree::ptree;
using Names = std::set<std::string>;

struct Element {
  Names required, optional, children;
};

const std::map<std::string, Element>& schema() {
  static const std::map<std::string, Element> out{
      {"testsuites", {{}, {"name", "time", "tests", "failures", "errors"}, {"testsuite"}}},
      {"testsuite",
       {{"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url", "version"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"}}},
      {"testcase",
       {{"name"}, {"time", "classname", "group"}, {"skipped", "error", "failure", "system-out", "system-err"}}},
      {"error", {{}, {"type", "message"}, {}}},
      {"failure", {{}, {"type", "message"}, {}}},
      {"system-out", {{}, {}, {}}},
      {"system-err", {{}, {}, {}}}};
  return out;
}

/// What of an element is not as the schema has it, one line each.
std::string offences(const std::string& name, const Tree& tree) {
  auto known = schema().find(name);
  if (known == schema().end()) return "unknown element " + name + "\n";
  const Element& element = known->second;
  std::string out;
  Names seen;
  for (const auto& [child, below] : tree) {
    if (child == "<xmlattr>") {
      for (const auto& [attribute, value] : below) {
        seen.insert(attribute);
        if (!element.required.contains(attribute) && !element.optional.contains(attribute))
          out += name + " has an attribute " + attribute + "\n";
        if (attribute == "time" && !std::regex_match(value.data(), std::regex(R"([0-9]*(\.[0-9]{0,3})?)")))
          out += "time " + value.data() + "\n";
      }
    } else if (!element.children.contains(child)) {
      out += name + " contains " + child + "\n";
    } else {
      out += offences(child, below);
    }
  }
  for (const std::string& attribute : element.required)
    if (!seen.contains(attribute)) out += name + " lacks " + attribute + "\n";
  return out;
}

Tree parsed(const std::string& xml) {
  std::istringstream in(xml);
  Tree out;
  boost::property_tree::read_xml(in, out, boost::property_tree::xml_parser::trim_whitespace);
  return out;
}

Report report() {
  Report out{
      .scenario = "a <b> & \"c\"", .description = "", .file = "s.yaml", .commit = "c", .overrides = {}, .runs = {}};
  for (std::uint64_t seed : {1, 2}) {
    WorldRun run{.world = "sim", .seed = seed, .planted_bug = ""};
    run.wall = std::chrono::milliseconds(1'234'567);
    for (bool held : {true, false, false}) {
      run.verdicts.push_back({.title = "always <x>",
                              .mark = {},
                              .held = held,
                              .seen = "1 of \"2\"",
                              .why = "a -> b & \x01",
                              .when = {},
                              .after = ""});
    }
    run.problems.push_back({Problem::Kind::process, "died", std::chrono::seconds(3)});
    run.refusals.push_back({std::chrono::seconds(1), "web-0", "Listener", "<bad>"});
    run.uninterpreted["a.b.C.field"] = "inbound <1> of web-0";
    out.runs.push_back(std::move(run));
  }
  return out;
}

TEST(Junit, IsAsItsReadersExpect) {
  Tree tree = parsed(report_junit(report()));
  ASSERT_EQ(tree.size(), 1u);
  EXPECT_EQ(offences(tree.front().first, tree.front().second), "");
}

TEST(Junit, CountsWhatItHas) {
  Tree tree = parsed(report_junit(report()));
  std::size_t suites = 0;
  for (const auto& [name, suite] : tree.get_child("testsuites")) {
    ASSERT_EQ(name, "testsuite");
    ++suites;
    std::size_t cases = 0, failures = 0, errors = 0;
    for (const auto& [child, below] : suite) {
      cases += child == "testcase" ? 1 : 0;
      failures += below.count("failure");
      errors += below.count("error");
    }
    EXPECT_EQ(suite.get<std::size_t>("<xmlattr>.tests"), cases);
    EXPECT_EQ(suite.get<std::size_t>("<xmlattr>.failures"), failures);
    EXPECT_EQ(suite.get<std::size_t>("<xmlattr>.errors"), errors);
    EXPECT_EQ(cases, 4u);
    EXPECT_EQ(failures, 2u);
    EXPECT_EQ(errors, 1u);
  }
  EXPECT_EQ(suites, 2u);
}

TEST(Junit, ASuiteTellsWhatItsRunDidNotInterpret) {
  Report said = report();
  said.runs[1].uninterpreted.clear();
  Tree tree = parsed(report_junit(said));
  auto suite = tree.get_child("testsuites").begin();
  EXPECT_EQ(suite->second.get<std::string>("system-out"),
            "set in the configuration and not interpreted by the simulated Envoy a.b.C.field (inbound <1> of web-0)")
      << "the lines, as this reader takes them";
  EXPECT_EQ((++suite)->second.count("system-out"), 0u);
}

TEST(Junit, TheTableFindsWhatIsWrong) {
  auto said = [](const std::string& xml) {
    Tree tree = parsed(xml);
    return offences(tree.front().first, tree.front().second);
  };
  EXPECT_EQ(said("<testsuites><testsuite name='x' tests='0' failures='0' errors='0'/></testsuites>"), "");
  EXPECT_EQ(said("<testsuites><testsuite name='x' tests='0' failures='0'/></testsuites>"), "testsuite lacks errors\n");
  EXPECT_EQ(said("<testsuites><testcase name='x'/></testsuites>"), "testsuites contains testcase\n");
  EXPECT_EQ(said("<testsuite name='x' tests='0' failures='0' errors='0' time='1h'/>"), "time 1h\n");
  EXPECT_EQ(said("<testsuite name='x' tests='0' failures='0' errors='0' colour='red'/>"),
            "testsuite has an attribute colour\n");
}

}  // namespace
}  // namespace kumasim::scenario
