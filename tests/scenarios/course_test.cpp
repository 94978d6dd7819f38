/// The course of a run: every call in its slot, and what became of faults and processes.
#include <gtest/gtest.h>

#include <numeric>

#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

#include "kumasim/scenario/course.hpp"
#include "kumasim/scenario/report.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

Scenario web_and_backend() {
  Scenario out;
  out.duration = 20s;
  out.services = {{.name = "web", .calls = {{"backend", "/"}}}, {.name = "backend", .calls = {}}};
  out.instances = {{"web-0", "web", {}, {}}, {"backend-0", "backend", {}, {}}};
  out.load = {{.from = "web", .to = "backend"}};
  return out;
}

CallRecord call(Duration start, int status, Duration latency = 2ms) {
  CallRecord out;
  out.start = start;
  out.latency = latency;
  out.from = "web";
  out.to = "backend";
  out.status = status;
  return out;
}

StateSample sample(Duration at, ProxyState web) {
  StateSample out;
  out.at = at;
  out.proxies["web-0"] = std::move(web);
  return out;
}

TEST(Course, PartsAreRoundAndNotTooMany) {
  EXPECT_EQ(round_part(20s, 200), 100ms);
  EXPECT_EQ(round_part(21s, 200), 200ms);
  EXPECT_EQ(round_part(30s, 10), 5s);
  EXPECT_EQ(round_part(10min, 10), 1min);
  EXPECT_EQ(round_part(24h * 3650, 200), 24h * 19);
}

RC_GTEST_PROP(Course, PartsCoverTheLength, (std::int64_t nanoseconds, std::uint8_t parts)) {
  RC_PRE(nanoseconds > 0 && nanoseconds < std::int64_t{1} << 60 && parts > 0);
  Duration length(nanoseconds);
  RC_ASSERT(round_part(length, parts) * parts >= length);
}

TEST(Course, EachCallIsInTheSlotInWhichItBegan) {
  Observations seen;
  seen.calls = {call(0s, 200, 1ms), call(99ms, 200, 3ms), call(100ms, 503), call(19'950ms, 0)};
  seen.calls[2].denied = true;
  Course course = course_of(web_and_backend(), seen);
  EXPECT_EQ(course.slot_length, 100ms);
  EXPECT_EQ(course.length, 20s);
  ASSERT_EQ(course.flows.size(), 1u);
  const std::vector<FlowSlot>& slots = course.flows[0].slots;
  ASSERT_EQ(slots.size(), 200u);
  EXPECT_EQ(slots[0].calls, 2u);
  EXPECT_EQ(slots[0].ok, 2u);
  EXPECT_EQ(slots[0].p50, 1ms);
  EXPECT_EQ(slots[0].p99, 3ms);
  EXPECT_EQ(slots[1].denied, 1u);
  EXPECT_EQ(slots[2].calls, 0u);
  EXPECT_EQ(slots[199].failed, 1u);
  EXPECT_EQ(slots[199].p50, never);
}

TEST(Course, CallsAfterTheEndMakeItLonger) {
  Observations seen;
  seen.calls = {call(1s, 200), call(22s, 200)};
  Course course = course_of(web_and_backend(), seen);
  EXPECT_GT(course.length, 22s);
  EXPECT_EQ(course.flows[0].slots.back().calls, 1u);
}

TEST(Course, AddsUpToTheFlows) {
  Observations seen;
  for (int i = 0; i < 1000; ++i) seen.calls.push_back(call(i * 20ms, i % 7 == 0 ? 503 : 200, Duration(i + 1)));
  Scenario scenario = web_and_backend();
  Flow flow = flows_of(scenario, seen)[0];
  Course course = course_of(scenario, seen);
  auto sum = [&](std::size_t FlowSlot::* field) {
    std::size_t out = 0;
    for (const FlowSlot& slot : course.flows[0].slots) out += slot.*field;
    return out;
  };
  EXPECT_EQ(sum(&FlowSlot::calls), flow.calls);
  EXPECT_EQ(sum(&FlowSlot::ok), flow.ok);
  EXPECT_EQ(sum(&FlowSlot::failed), flow.failed);
}

TEST(Course, ProcessesAreDownFromTheirEndToTheirStart) {
  Observations seen;
  seen.lives = {{2s, "web-0", false}, {5s, "web-0", true}, {6s, "backend-0", true}, {18s, "kuma-cp", false}};
  Course course = course_of(web_and_backend(), seen);
  ASSERT_EQ(course.processes.size(), 3u);
  EXPECT_EQ(course.processes[0].process, "kuma-cp");
  EXPECT_EQ(course.processes[0].service, "");
  EXPECT_EQ(course.processes[0].down, (std::vector<Interval>{{18s, 20s}}));
  EXPECT_EQ(course.processes[1].service, "web");
  EXPECT_EQ(course.processes[1].down, (std::vector<Interval>{{2s, 5s}}));
  EXPECT_TRUE(course.processes[2].down.empty());
}

TEST(Course, ConfigurationsAreThoseOfEachLife) {
  Observations seen;
  seen.samples = {
      sample(0s, {.up = true, .accepted = 4, .life = 1}), sample(1s, {.up = true, .accepted = 4, .life = 1}),
      sample(2s, {.up = true, .accepted = 5, .refused = 1, .life = 1, .cut_off = true}),
      sample(3s, {.up = false, .life = 1}), sample(4s, {.up = true, .accepted = 5, .refused = 1, .life = 2})};
  ProcessCourse web = course_of(web_and_backend(), seen).processes[1];
  ASSERT_EQ(web.configurations.size(), 3u);
  EXPECT_EQ(web.configurations[1].at, 2s);
  EXPECT_EQ(web.configurations[1].accepted, 5u);
  EXPECT_EQ(web.configurations[1].refused, 1u);
  EXPECT_EQ(web.configurations[2].at, 4s);
  EXPECT_EQ(web.cut_off, (std::vector<Interval>{{2s, 3s}}));
}

TEST(Course, AsJsonHasOneNumberASlotAndNullForNoAnswer) {
  Observations seen;
  seen.calls = {call(0s, 200, 1ms), call(100ms, 0)};
  seen.faults = {{.id = 1, .kind = "proc.kill", .text = "kill web-0", .begin = 2s},
                 {.id = 2, .kind = "tcp.reset", .text = "reset", .begin = 3s, .end = 3s}};
  nlohmann::json json = course_json(course_of(web_and_backend(), seen));
  EXPECT_EQ(json["slotSeconds"], 0.1);
  const nlohmann::json& flow = json["flows"][0];
  for (const char* curve : {"calls", "ok", "denied", "failed", "p50Seconds", "p99Seconds"})
    EXPECT_EQ(flow[curve].size(), 200u) << curve;
  EXPECT_EQ(flow["p50Seconds"][0], 0.001);
  EXPECT_TRUE(flow["p99Seconds"][1].is_null());
  EXPECT_EQ(flow["calls"][1], 1);
  EXPECT_TRUE(flow["p50Seconds"][2].is_null());
  EXPECT_EQ(json["faults"][0]["fault"], "proc.kill");
  EXPECT_TRUE(json["faults"][0]["endSeconds"].is_null());
  EXPECT_EQ(json["faults"][1]["endSeconds"], 3.0);
}

}  // namespace
}  // namespace kumasim::scenario
