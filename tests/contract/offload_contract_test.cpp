/// What every Offload promises: the order of completion, exceptions, its limit, and what the end of a process leaves.
#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>

#include "kumasim/sim/offload.hpp"
#include "kumasim/sim/world.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/live/offload.hpp"
#include "tests/contract/world.hpp"

namespace kumasim::testing {
namespace {

using Body = std::function<asio::awaitable<void>(Runtime&, Offload&)>;

/// Runs the body in a process of its own. With the body's end the process ends, whatever of it still waits.
void run_simulated(Body body) {
  sim::World world({.seed = 21});
  bool done = false;
  auto& process = world.add_process("subject");
  process.start([&](Runtime& runtime) {
    auto offload = std::make_shared<sim::VirtualOffload>(runtime.timers);
    process.keep(offload);
    auto inner = [&body, where = offload.get()](Runtime& given) { return body(given, *where); };
    spawn(runtime.executor, runtime.log, "contract", guarded(inner, runtime, done));
  });
  for (int i = 0; i < 60'000 && !done; ++i) world.run_for(1ms);
  EXPECT_TRUE(done) << "the body still runs after a minute";
  process.kill();
}

void run_live(Body body) {
  live::LiveRuntime runtime;
  live::ThreadOffload offload(runtime.context());
  bool done = false;
  auto inner = [&](Runtime& given) { return body(given, offload); };
  spawn(runtime.runtime().executor, runtime.log(), "contract", guarded(inner, runtime.runtime(), done));
  auto deadline = std::chrono::steady_clock::now() + 1min;
  while (!done && std::chrono::steady_clock::now() < deadline) runtime.context().run_one_for(100ms);
  EXPECT_TRUE(done) << "the body still runs after a minute";
}

struct OffloadKind {
  const char* name;
  void (*run)(Body);
  bool at_once;  ///< work begins when it is handed over
};

const OffloadKind offload_kinds[] = {{"simulated", run_simulated, true}, {"live", run_live, false}};

class OffloadContract : public ::testing::TestWithParam<OffloadKind> {
 protected:
  void run(Body body) { GetParam().run(std::move(body)); }
};

/// Keeps its thread busy, in real time in both worlds.
void work_for(Duration time) {
  auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) continue;
}

asio::awaitable<void> until(Runtime& runtime, std::function<bool()> reached) {
  while (!reached()) co_await sleep(runtime.timers, 1ms);
}

TEST_P(OffloadContract, CompletesInTheOrderOfTheCalls) {
  run([](Runtime& runtime, Offload& offload) -> asio::awaitable<void> {
    std::vector<int> worked, completed;
    const Duration abouts[] = {30ms, 1ms, 10ms};
    for (int i = 0; i < 3; ++i)
      offload.run(
          [&worked, i, time = abouts[i]] {
            work_for(time);
            worked.push_back(i);
          },
          abouts[i],
          {.complete = [&completed, i](error_code code, std::size_t) { completed.push_back(code ? -1 : i); },
           .slot = {}});
    EXPECT_TRUE(completed.empty()) << "never from inside the call";
    co_await until(runtime, [&] { return completed.size() == 3; });
    EXPECT_EQ(worked, (std::vector{0, 1, 2}));
    EXPECT_EQ(completed, worked);
  });
}

TEST_P(OffloadContract, OthersAreServedMeanwhile) {
  run([](Runtime& runtime, Offload& where) -> asio::awaitable<void> {
    int turns = 0;
    bool done = false;
    auto count = [](Runtime& given, int& out, bool& ended) -> asio::awaitable<void> {
      while (!ended) {
        ++out;
        co_await sleep(given.timers, 1ms);
      }
    };
    spawn(runtime.executor, runtime.log, "count", count(runtime, turns, done));
    auto value = co_await offload(where, 200ms, []() -> Result<int> {
      work_for(200ms);
      return 7;
    });
    done = true;
    EXPECT_TRUE(value && *value == 7);
    EXPECT_GT(turns, 10);
    co_await sleep(runtime.timers, 5ms);  // it refers to this frame
  });
}

TEST_P(OffloadContract, AnExceptionIsItsCallersAlone) {
  run([](Runtime&, Offload& where) -> asio::awaitable<void> {
    std::string caught;
    try {
      (void)co_await offload(where, 1ms, []() -> Result<int> { throw std::runtime_error("no key"); });
    } catch (const std::runtime_error& error) {
      caught = error.what();
    }
    EXPECT_EQ(caught, "no key");
    auto next = co_await offload(where, 1ms, []() -> Result<int> { return 7; });
    EXPECT_TRUE(next && *next == 7);
    auto failed = co_await offload(where, 1ms, []() -> Result<int> { return fail(Code::not_found, "none"); });
    EXPECT_FALSE(failed);
    EXPECT_EQ(failed.error(), (Error{Code::not_found, "none"}));
  });
}

TEST_P(OffloadContract, RefusesWhatIsTooMuch) {
  run([](Runtime& runtime, Offload& where) -> asio::awaitable<void> {
    std::atomic<std::size_t> worked = 0;
    std::size_t completed = 0;
    auto refused = std::make_shared<std::vector<error_code>>();
    // None completes before this frame waits.
    for (std::size_t i = 0; i < Offload::queued_max; ++i)
      where.run([&worked] { ++worked; }, 10ms,
                {.complete = [&completed](error_code, std::size_t) { ++completed; }, .slot = {}});
    where.run([&worked] { worked += 1000; }, 10ms,
              {.complete = [refused](error_code code, std::size_t) { refused->push_back(code); }, .slot = {}});
    EXPECT_TRUE(refused->empty()) << "never from inside the call";
    auto value = co_await offload(where, 10ms, [&worked]() -> Result<int> {
      worked += 1000;
      return 7;
    });
    EXPECT_FALSE(value);
    EXPECT_EQ(value.error().code, Code::resource_exhausted);
    co_await until(runtime, [&] { return completed == Offload::queued_max; });
    EXPECT_EQ(*refused, std::vector<error_code>{asio::error::no_buffer_space});
    EXPECT_EQ(worked, Offload::queued_max);
    value = co_await offload(where, 10ms, []() -> Result<int> { return 7; });
    EXPECT_TRUE(value) << "there is room again";
  });
}

/// Decision 0011: what has begun ends, what waits is dropped, nobody is told, and nothing stays.
TEST_P(OffloadContract, TheEndOfTheProcessDropsWhatWaits) {
  auto begun = std::make_shared<std::atomic<int>>(0), ended = std::make_shared<std::atomic<int>>(0);
  auto carried = std::make_shared<int>(0), told = std::make_shared<int>(0);
  run([&](Runtime& runtime, Offload& where) -> asio::awaitable<void> {
    auto wait = [](Offload& at, std::shared_ptr<std::atomic<int>> first, std::shared_ptr<std::atomic<int>> last,
                   std::shared_ptr<int> carries, std::shared_ptr<int> resumed) -> asio::awaitable<void> {
      (void)co_await offload(at, 1h, [first, last, carries]() -> Result<int> {
        ++*first;
        work_for(100ms);
        ++*last;
        return *carries;
      });
      ++*resumed;
    };
    for (int i = 0; i < 3; ++i) spawn(runtime.executor, runtime.log, "wait", wait(where, begun, ended, carried, told));
    co_await until(runtime, [&] { return *begun > 0; });
  });
  EXPECT_EQ(*begun, GetParam().at_once ? 3 : 1);
  EXPECT_EQ(*ended, *begun);
  EXPECT_EQ(*told, 0);
  EXPECT_EQ(carried.use_count(), 1);
  EXPECT_EQ(told.use_count(), 1);
}

INSTANTIATE_TEST_SUITE_P(Worlds, OffloadContract, ::testing::ValuesIn(offload_kinds),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace kumasim::testing
