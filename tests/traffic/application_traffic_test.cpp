/// Simulated applications: queues, capacity, brownouts, slow periods, scripts, sizes, and clients that retry.
#include <gtest/gtest.h>

#include "kumasim/sim/seeded_random.hpp"
#include "sim/apps/retrying_client.hpp"
#include "sim/apps/slowness.hpp"
#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;

class Applications : public ::testing::Test {
 protected:
  sim::Process& process(const std::string& name) {
    auto& made = bed.world.add_process(name);
    made.start([](Runtime&) {});
    bed.world.run_for(Duration(1));
    return made;
  }

  sim::Instance& serve(const std::string& name, sim::InstanceOptions options,
                       sim::ScriptRunner::CallObserver observer = {}) {
    auto& at = process(name);
    options.host = at.address();
    options.port = 80;
    auto app = std::make_shared<sim::Instance>(bed.fabric, at, std::move(options), std::move(observer));
    at.keep(app);
    return *app;
  }

  sim::Call to(const std::string& name) {
    sim::Call call;
    call.address = bed.world.find_process(name)->address();
    call.port = 80;
    return call;
  }

  sim::RetryingClient& client() {
    if (!client_) {
      auto& at = process("client");
      client_ = std::make_shared<sim::RetryingClient>(bed.fabric, at);
      at.keep(client_);
    }
    return *client_;
  }

  /// So many calls at once, and what came of them in the order of their answers.
  std::vector<sim::CallResult> calls(const sim::Call& call, int count, sim::ClientRetries retries = {},
                                     Duration limit = 2min) {
    std::vector<sim::CallResult> out;
    for (int i = 0; i < count; ++i)
      client().call(call, retries, [&out](sim::CallResult result) { out.push_back(std::move(result)); });
    bed.world.run_for(limit);
    return out;
  }

  Bed bed;

 private:
  std::shared_ptr<sim::RetryingClient> client_;
};

TEST_F(Applications, turn_away_what_their_queue_does_not_take) {
  auto& app = serve("app", {.latency = {.mean = 1s}, .concurrency_max = 2, .queue_max = 3});
  auto results = calls(to("app"), 10);
  ASSERT_EQ(results.size(), 10u);
  int refused = 0;
  for (const auto& result : results) {
    refused += result.status == 503;
    if (result.status == 503) EXPECT_NE(explain(result).find("queue full"), std::string::npos) << explain(result);
  }
  EXPECT_EQ(refused, 5);
  EXPECT_EQ(app.counts().turned_away, 5u);
  EXPECT_EQ(app.counts().begun, 5u);
  EXPECT_EQ(app.counts().busy, 5s);
  EXPECT_GT(results.back().latency, 3s) << "three rounds of two workers";
  EXPECT_LT(results.back().latency, 3010ms);
}

TEST_F(Applications, drop_what_their_queue_does_not_take) {
  serve("app", {.latency = {.mean = 1s}, .concurrency_max = 1, .queue_max = 0, .drop_overflow = true});
  auto call = to("app");
  call.timeout = 5s;
  auto results = calls(call, 3);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].status, 200);
  EXPECT_EQ(results[1].status, 0);
  EXPECT_EQ(results[1].latency, 5s);
}

TEST_F(Applications, begin_no_more_than_their_capacity) {
  auto& app = serve("app", {.latency = {.mean = 1ms}, .between_starts = 100ms});
  auto results = calls(to("app"), 11);
  ASSERT_EQ(results.size(), 11u);
  EXPECT_GE(results.back().latency, 1001ms);
  EXPECT_LT(results.back().latency, 1010ms);
  app.set_faults({.speed_ppm = 200'000});
  results = calls(to("app"), 11);
  EXPECT_GE(results.back().latency, 5005ms) << "a fifth of the speed";
  EXPECT_LT(results.back().latency, 5020ms);
}

TEST_F(Applications, go_on_with_what_is_left_where_their_speed_changes) {
  auto& app = serve("app", {.latency = {.mean = 1s}, .between_starts = 500ms});
  (void)client();
  auto begin = bed.world.now();
  bed.world.schedule(begin + 200ms, [&] { app.set_faults({.speed_ppm = 0}); });
  bed.world.schedule(begin + 100s, [&] { app.set_faults({.speed_ppm = 100'000}); });
  bed.world.schedule(begin + 103s, [&] { app.set_faults({}); });
  auto call = to("app");
  call.timeout = {};
  auto results = calls(call, 2, {}, 110s);
  ASSERT_EQ(results.size(), 2u);
  // 200 ms at full speed, nothing until 100 s, a tenth of 3 s, and the rest at full speed; the second begins at 500 ms
  // of work.
  for (int i = 0; i < 2; ++i) {
    EXPECT_GE(results[i].latency, 103'500ms + i * 500ms);
    EXPECT_LT(results[i].latency, 103'510ms + i * 500ms);
  }
}

TEST_F(Applications, sleep_longer_where_they_are_slow_or_browned_out) {
  sim::ScriptStep sleep, both;
  sleep.sleep = sim::DelayLaw::constant(100ms);
  both.together = {sleep, sleep};
  auto& app = serve("app", {.latency = {.mean = 0ms}, .script = {sleep, both}});
  auto takes = [&](Duration time) {
    auto result = calls(to("app"), 1).at(0);
    EXPECT_EQ(result.status, 200) << explain(result);
    EXPECT_GE(result.latency, time);
    EXPECT_LT(result.latency, time + 10ms);
  };
  takes(200ms);
  app.set_faults({.speed_ppm = 250'000});
  takes(800ms);
  app.set_faults({.brownout = sim::Brownout{.share_ppm = 1'000'000, .factor = 7}});
  takes(1'400ms);
  app.set_faults({});
  takes(200ms);
}

TEST_F(Applications, are_slow_for_a_part_of_the_requests_in_a_brownout) {
  auto& app = serve("app", {.latency = {.mean = 10ms}});
  app.set_faults({.brownout = sim::Brownout{.share_ppm = 200'000, .factor = 20}});
  int slow = 0;
  for (const auto& result : calls(to("app"), 1'000)) {
    slow += result.latency > 200ms;
    EXPECT_TRUE(result.latency < 15ms || result.latency > 200ms);
  }
  EXPECT_NEAR(slow, 200, 4 * 12.7);
}

TEST_F(Applications, answer_nothing_while_they_are_black_holes) {
  auto& app = serve("app", {});
  app.set_faults({.black_hole = true});
  auto call = to("app");
  call.timeout = 1s;
  EXPECT_EQ(calls(call, 1)[0].status, 0);
  app.set_faults({});
  EXPECT_EQ(calls(call, 1)[0].status, 200);
}

TEST(SlowPeriods, are_shared_by_those_of_one_seed_and_as_long_as_they_should_be) {
  sim::Slowness slowness{.every = 50s, .lasts = 10s, .factor = 5, .seed = 7};
  sim::SlowPeriods first(slowness), second(slowness);
  slowness.seed = 8;
  sim::SlowPeriods other(slowness);
  int slow = 0, both = 0;
  constexpr int seconds = 200'000;
  for (int i = 0; i < seconds; ++i) {
    MonotonicTime now{i * 1s};
    bool is = first.slow(now);
    EXPECT_EQ(is, second.slow(now));
    slow += is;
    both += is && other.slow(now);
  }
  EXPECT_NEAR(slow, seconds / 6.0, seconds * 0.02);
  EXPECT_NEAR(both, seconds / 36.0, seconds * 0.01) << "of different seeds they are independent";
  // Asked only later, as after a restart, they are the same.
  sim::SlowPeriods late({.every = 50s, .lasts = 10s, .factor = 5, .seed = 7}), early(late);
  for (int i = 0; i < 1'000; ++i) early.slow(MonotonicTime{i * 1s});
  EXPECT_EQ(late.slow(MonotonicTime{1'000s}), early.slow(MonotonicTime{1'000s}));
}

TEST_F(Applications, run_their_scripts_in_order_and_side_by_side) {
  std::vector<std::string> order;
  for (const char* name : {"a", "b"}) serve(name, {.latency = {.mean = 100ms}});
  auto call = [&](const std::string& name) {
    sim::ScriptStep step;
    step.call = sim::ScriptCall{.call = to(name)};
    step.call->call.authority = name;
    return step;
  };
  sim::ScriptStep sleep, both, thrice = call("b");
  sleep.sleep = sim::DelayLaw::constant(50ms);
  both.together = {call("a"), call("b"), sleep};
  thrice.call->times = 3;
  serve("front", {.latency = {.mean = 0ms}, .script = {sleep, both, call("a"), thrice}},
        [&](const sim::ScriptCall& made, const sim::CallResult& result) {
          EXPECT_TRUE(result.ok());
          order.push_back(made.call.authority);
        });
  auto result = calls(to("front"), 1).at(0);
  EXPECT_EQ(result.status, 200) << explain(result);
  // 50 ms, then 100 ms side by side, then four times 100 ms one after the other.
  EXPECT_GE(result.latency, 550ms);
  EXPECT_LT(result.latency, 570ms);
  ASSERT_EQ(order.size(), 6u);
  EXPECT_EQ(std::vector<std::string>(order.begin() + 2, order.end()), (std::vector<std::string>{"a", "b", "b", "b"}));
}

TEST_F(Applications, fail_with_their_calls_but_wait_for_those_that_run) {
  serve("bad", {.latency = {.mean = 1ms}, .errors_ppm = 1'000'000});
  auto& good = serve("good", {.latency = {.mean = 1s}});
  auto& never = serve("never", {});
  sim::ScriptStep both, last;
  for (const char* name : {"bad", "good"}) {
    sim::ScriptStep step;
    step.call = sim::ScriptCall{.call = to(name)};
    both.together.push_back(step);
  }
  last.call = sim::ScriptCall{.call = to("never")};
  serve("front", {.latency = {.mean = 0ms}, .script = {both, last}});
  auto result = calls(to("front"), 1).at(0);
  EXPECT_EQ(result.status, 500);
  EXPECT_GE(result.latency, 1s);
  EXPECT_EQ(good.requests(), 1u);
  EXPECT_EQ(never.requests(), 0u);
}

TEST_F(Applications, send_large_answers_more_slowly) {
  serve("small", {.latency = {.mean = 0ms}});
  serve("large", {.latency = {.mean = 0ms}, .response_bytes = 125'000'000});
  auto& a = *bed.world.find_process("large");
  (void)client();
  auto& b = *bed.world.find_process("client");
  bed.world.network().set_link(a, b, {.delay = sim::DelayLaw::constant(1ms), .bytes_per_second = 125'000'000});
  EXPECT_LT(calls(to("small"), 1)[0].latency, 10ms);
  auto one = calls(to("large"), 1)[0].latency;
  EXPECT_GE(one, 1s);
  EXPECT_LT(one, 1010ms);
  EXPECT_GE(calls(to("large"), 3).back().latency, 3s) << "one connection carries one after the other";
  auto call = to("small");
  call.more_bytes = 1'250'000'000;
  EXPECT_GE(calls(call, 1)[0].latency, 1s);
}

TEST_F(Applications, are_tried_again_by_clients_with_a_back_off) {
  auto& app = serve("app", {.latency = {.mean = 0ms}, .errors_ppm = 1'000'000});
  auto result = calls(to("app"), 1, {.most = 3}).at(0);
  EXPECT_EQ(result.status, 503);
  EXPECT_EQ(app.requests(), 4u);
  EXPECT_LT(result.latency, 10ms);
  EXPECT_NE(explain(result).find("tried 4 times"), std::string::npos) << explain(result);
  result = calls(to("app"), 1, {.most = 9, .backoff = 100ms, .backoff_max = 1s}).at(0);
  EXPECT_EQ(app.requests(), 14u);
  EXPECT_GT(result.latency, 500ms);
  EXPECT_LT(result.latency, 7510ms) << "100 + 200 + 400 + 800 + five times 1000 ms at most";
  auto call = to("app");
  call.port = 81;  // nobody listens
  result = calls(call, 1, {.most = 2}).at(0);
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.details, "connection refused");
}

TEST_F(Applications, are_spared_by_a_retry_budget) {
  auto& app = serve("app", {.latency = {.mean = 0ms}, .errors_ppm = 1'000'000});
  for (int i = 0; i < 200; ++i) calls(to("app"), 1, {.most = 4, .budget_ppm = 100'000}, 1s);
  // Ten are saved up at first; each call earns a tenth of one.
  EXPECT_NEAR(static_cast<double>(app.requests()), 200 + 10 + 20, 1);
}

}  // namespace
}  // namespace kumasim::test
