/// What every world promises of clocks, timers, chance and tasks.
#include <optional>

#include "tests/contract/world.hpp"

namespace kumasim::testing {
namespace {

using TimerContract = Contract;

TEST_P(TimerContract, FiresNotBeforeItsTime) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto before = runtime.clock.now();
    co_await sleep(runtime.timers, 30ms);
    auto took = runtime.clock.now() - before;
    EXPECT_GE(took, 30ms);
    EXPECT_LT(took, 5s);
  });
}

TEST_P(TimerContract, APastExpiryFiresAtOnce) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    Timer timer(runtime.timers);
    timer.expires_at(runtime.clock.now() - 1s);
    co_await timer.async_wait();
  });
}

TEST_P(TimerContract, CancelAndNewExpiryAbortTheWait) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    Timer timer(runtime.timers);
    Event seen(runtime.executor);
    std::vector<error_code> codes;
    auto wait = [&] {
      timer.async_wait([&](error_code code) {
        codes.push_back(code);
        seen.set();
      });
    };
    timer.expires_after(1h);
    wait();
    EXPECT_TRUE(codes.empty());  // never from inside the initiating call
    timer.cancel();
    EXPECT_TRUE(codes.empty());
    co_await seen.wait();
    seen.reset();
    timer.expires_after(1h);
    wait();
    timer.expires_after(1ms);
    co_await seen.wait();
    seen.reset();
    wait();
    co_await seen.wait();
    EXPECT_EQ(codes.size(), 3u);
    EXPECT_EQ(codes.at(0), asio::error::operation_aborted);
    EXPECT_EQ(codes.at(1), asio::error::operation_aborted);
    EXPECT_FALSE(codes.at(2));
  });
}

TEST_P(TimerContract, DestroyingATimerAbortsItsWait) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    Event seen(runtime.executor);
    error_code outcome;
    {
      Timer timer(runtime.timers);
      timer.expires_after(1h);
      timer.async_wait([&](error_code code) {
        outcome = code;
        seen.set();
      });
    }
    co_await seen.wait();
    EXPECT_EQ(outcome, asio::error::operation_aborted);
  });
}

TEST_P(TimerContract, ALimitEndsWhatTakesTooLong) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto before = runtime.clock.now();
    auto slow = co_await with_timeout(runtime.timers, 20ms, sleep(runtime.timers, 1h));
    EXPECT_FALSE(slow);
    EXPECT_EQ(slow.error().code, Code::deadline_exceeded);
    EXPECT_LT(runtime.clock.now() - before, 5s);
  });
}

TEST_P(TimerContract, ALimitGivesTheValueOrTheFailureAtOnce) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto value = [](Timers& timers) -> asio::awaitable<std::unique_ptr<int>> {
      co_await sleep(timers, 1ms);
      co_return std::make_unique<int>(7);
    };
    auto failing = [](Timers& timers) -> asio::awaitable<int> {
      co_await sleep(timers, 1ms);
      throw boost::system::system_error(asio::error::connection_refused);
    };
    auto result = [](Timers& timers) -> asio::awaitable<Result<int>> {
      co_await sleep(timers, 1ms);
      co_return fail(Code::not_found, "no such thing");
    };
    auto seven = co_await with_timeout(runtime.timers, 1h, value(runtime.timers));
    EXPECT_TRUE(seven && **seven == 7);
    auto before = runtime.clock.now();
    auto refused = co_await with_timeout(runtime.timers, 30s, failing(runtime.timers));
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_LT(runtime.clock.now() - before, 5s);  // a failure is not taken for a timeout
    auto missing = co_await with_timeout(runtime.timers, 1h, result(runtime.timers));
    EXPECT_FALSE(missing);
    EXPECT_EQ(missing.error(), (Error{Code::not_found, "no such thing"}));
  });
}

TEST_P(TimerContract, AnOuterLimitEndsAnInnerOne) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto inner = [](Timers& timers) -> asio::awaitable<Result<>> {
      auto outcome = co_await with_timeout(timers, 1h, sleep(timers, 2h));
      co_return outcome;
    };
    auto before = runtime.clock.now();
    auto outcome = co_await with_timeout(runtime.timers, 20ms, inner(runtime.timers));
    EXPECT_FALSE(outcome);
    EXPECT_LT(runtime.clock.now() - before, 5s);
  });
}

TEST_P(TimerContract, EventsWakeEveryWaiter) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    Event event(runtime.executor);
    int woken = 0;
    Event done(runtime.executor);
    auto waiter = [](Event& gate, int& count, Event& all) -> asio::awaitable<void> {
      co_await gate.wait();
      if (++count == 3) all.set();
    };
    for (int i = 0; i < 3; ++i) spawn(runtime.executor, runtime.log, "waiter", waiter(event, woken, done));
    co_await sleep(runtime.timers, 5ms);
    EXPECT_EQ(woken, 0);
    event.set();
    EXPECT_EQ(woken, 0);  // through the executor, never inline
    co_await done.wait();
    EXPECT_EQ(woken, 3);
    co_await event.wait();  // stays set
    event.reset();
    auto again = co_await with_timeout(runtime.timers, 5ms, event.wait());
    EXPECT_FALSE(again);
  });
}

TEST_P(TimerContract, ChannelsAreBoundedAndInOrder) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    Channel<int> channel(runtime.executor, 2);
    auto producer = [](Channel<int>& to) -> asio::awaitable<void> {
      for (int i = 1; i <= 10; ++i) EXPECT_TRUE(co_await to.send(i));
      to.close();
      EXPECT_FALSE(co_await to.send(11));
    };
    spawn(runtime.executor, runtime.log, "producer", producer(channel));
    co_await sleep(runtime.timers, 5ms);
    EXPECT_EQ(channel.size(), 2u);
    EXPECT_FALSE(channel.try_send(99));
    int next = 0;
    while (auto item = co_await channel.receive()) EXPECT_EQ(*item, ++next);
    EXPECT_EQ(next, 10);
  });
}

TEST_P(TimerContract, ChanceIsUniformEnough) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    int counts[10] = {};
    for (int i = 0; i < 10'000; ++i) ++counts[runtime.random.below(10)];
    for (int count : counts) {
      EXPECT_GT(count, 800);
      EXPECT_LT(count, 1200);
    }
    EXPECT_EQ(runtime.random.below(0), 0u);
    EXPECT_EQ(runtime.random.below(1), 0u);
    co_return;
  });
}

INSTANTIATE_TEST_SUITE_P(Worlds, TimerContract, ::testing::ValuesIn(world_kinds), world_name);

}  // namespace
}  // namespace kumasim::testing
