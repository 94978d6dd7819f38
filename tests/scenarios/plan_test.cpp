/// Quantities, and what a seed makes of ranges and choices.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "kumasim/scenario/plan.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

TEST(Quantity, Reads) {
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("1d"), 24h);
  EXPECT_EQ(parse_duration("250us"), 250us);
  EXPECT_EQ(parse_percent("99.9%"), 999'000);
  EXPECT_EQ(parse_percent("100%"), 1'000'000);
  EXPECT_EQ(parse_percent("0.0001%"), 1);
  EXPECT_EQ(parse_rate("50/s"), 20ms);
  EXPECT_EQ(parse_rate("0.5/s"), 2s);
  EXPECT_EQ(parse_rate("30/m"), 2s);
  for (const char* bad : {"", "s", "5", "5x", "-1s", "1.s", "5000000d"}) EXPECT_FALSE(parse_duration(bad)) << bad;
  for (const char* bad : {"", "%", "101%", "5", "-1%"}) EXPECT_FALSE(parse_percent(bad)) << bad;
  for (const char* bad : {"", "0/s", "5", "5/d", "/s", "5000000/s"}) EXPECT_FALSE(parse_rate(bad)) << bad;
}

TEST(Quantity, DurationsReadBackAsWritten) {
  rc::check([](std::uint64_t raw) {
    Duration value(static_cast<std::int64_t>(raw % 100'000'000'000'000'000ull));
    auto read = parse_duration(duration_text(value));
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == value);
  });
}

Scenario with_faults() {
  Scenario out;
  out.duration = 100s;
  out.services = {{.name = "backend", .calls = {}}};
  for (const char* name : {"b-0", "b-1", "b-2", "b-3"})
    out.instances.push_back({name, "backend", {{"version", name[2] < '2' ? "v1" : "v2"}}, {}});
  out.faults = {{.kind = fault::find_kind("proc.kill"),
                 .at = {10s, 20s},
                 .lasts = Span{1s, 9s},
                 .select = Selection{.service = "backend", .tags = {{"version", "v1"}}}},
                {.kind = fault::find_kind("net.partition"), .at = {5s, 5s}, .between = {"kuma-cp", "backend"}}};
  return out;
}

TEST(Plan, OneSeedOnePlan) {
  rc::check([](std::uint64_t seed) {
    Scenario scenario = with_faults();
    Plan plan = make_plan(scenario, seed);
    RC_ASSERT(plan_lines(plan) == plan_lines(make_plan(scenario, seed)));
    RC_ASSERT(plan.actions.size() == 3u);
    RC_ASSERT(plan.actions[0].order.kind->name == "net.partition");
    RC_ASSERT(plan.actions[0].order.ways.size() == 8u);
    RC_ASSERT(plan.actions[1].kind == Action::Kind::begin);
    RC_ASSERT(plan.actions[1].order.kind->name == "proc.kill");
    RC_ASSERT(plan.actions[1].at >= 10s && plan.actions[1].at <= 20s);
    std::vector<std::string> killed = plan.actions[1].order.processes;
    RC_ASSERT(killed.size() == 1u);
    RC_ASSERT(killed[0] == "b-0" || killed[0] == "b-1");
    RC_ASSERT(plan.actions[2].kind == Action::Kind::end);
    RC_ASSERT(plan.actions[2].order.id == plan.actions[1].order.id);
    RC_ASSERT(plan.actions[2].order.processes == killed);
    Duration lasted = plan.actions[2].at - plan.actions[1].at;
    RC_ASSERT(lasted >= 1s && lasted <= 9s);
  });
}

TEST(Plan, SeedsDiffer) {
  Scenario scenario = with_faults();
  std::set<std::vector<std::string>> plans;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) plans.insert(plan_lines(make_plan(scenario, seed)));
  EXPECT_GE(plans.size(), 19u);
}

TEST(Plan, OneMoreFaultDoesNotMoveTheOthers) {
  Scenario scenario = with_faults();
  std::vector<std::string> before = plan_lines(make_plan(scenario, 7));
  scenario.faults.push_back(scenario.faults[0]);
  std::vector<std::string> after = plan_lines(make_plan(scenario, 7));
  for (const std::string& line : before) EXPECT_NE(std::ranges::find(after, line), after.end()) << line;
}

}  // namespace
}  // namespace kumasim::scenario
