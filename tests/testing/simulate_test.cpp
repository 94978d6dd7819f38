/// A lost reply is found by some seed, shrunk to one fault and found again by its seed; what is right passes.
#include "kumasim/testing/simulate.hpp"

#include <cstdlib>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>

#include "tests/sim/echo.hpp"

namespace kumasim {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

/// What fails in `code`, one after another; "" where nothing does.
template <class Code>
std::string failures(Code code) {
  using Quiet = ::testing::ScopedFakeTestPartResultReporter;
  ::testing::TestPartResultArray parts;
  {
    Quiet quiet(Quiet::INTERCEPT_ONLY_CURRENT_THREAD, &parts);
    code();
  }
  std::string out;
  for (int i = 0; i < parts.size(); ++i) out += std::string(parts.GetTestPartResult(i).message()) + "\n";
  return out;
}

/// A variable of the environment, for a while.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

asio::awaitable<void> ask(Runtime& runtime) {
  auto stream = co_await runtime.network.connect({"server", 7});
  std::string text = "question";
  co_await asio::async_write(stream, asio::buffer(text), asio::use_awaitable);
  co_await asio::async_read(stream, asio::buffer(text), asio::use_awaitable);
}

/// Asks five times, each time at most `tries` times for two seconds.
asio::awaitable<void> client(Runtime& runtime, int tries, int& answered) {
  for (int question = 0; question < 5; ++question) {
    bool answer = false;
    for (int i = 0; i < tries && !answer; ++i)
      answer = (co_await with_timeout(runtime.timers, 2s, ask(runtime))).has_value();
    if (answer) ++answered;
    co_await sleep(runtime.timers, 1s);
  }
}

rc::Gen<FaultPlan> partitions() {
  return fault_plans(
      {.processes = {"client", "server"}, .kinds = {Fault::Kind::partition}, .over_by = 10s, .lasts_most = 5s});
}

void every_question_is_answered(int tries) {
  auto body = [tries](Simulation& sim) {
    int answered = 0;
    sim.start("server", [](Runtime& runtime) { return echo_server(runtime); });
    sim.start("client", [&](Runtime& runtime) { return client(runtime, tries, answered); });
    sim.run_for(60s);
    EXPECT_EQ(answered, 5);
  };
  simulate(partitions(), body, {.seeds = {1, 30}});
}

TEST(Simulate, PassesWhereEveryRunDoes) { every_question_is_answered(20); }

TEST(Simulate, ALostReplyIsFoundAndShrunkToOneFault) {
  auto text = failures([] { every_question_is_answered(1); });
  EXPECT_THAT(text, HasSubstr("answered\n    Which is: 4"));
  EXPECT_THAT(text, ContainsRegex("seed [0-9]+ fails under this fault, the least of [0-9]+ drawn .[0-9]+ more runs.:\n"
                                  "  .fault: net.partition, at: [0-9]+ms, for: [0-9]+ms, between: "));
  EXPECT_THAT(text, ContainsRegex("\nlogged last\n"));
  EXPECT_THAT(text, ContainsRegex("\nseed=[0-9]+ events=[0-9]+ fingerprint=[0-9a-f]+ ended=60.000s\n"
                                  "replay: KUMASIM_SEED=[0-9]+ .*testing_test --gtest_filter="
                                  "Simulate.ALostReplyIsFoundAndShrunkToOneFault\n"));
}

TEST(Simulate, ItsSeedAloneFindsItAgain) {
  auto text = failures([] { every_question_is_answered(1); });
  auto begin = text.find("KUMASIM_SEED=") + 13;
  Variable seed("KUMASIM_SEED", text.substr(begin, text.find(' ', begin) - begin));
  EXPECT_EQ(failures([] { every_question_is_answered(1); }), text);
}

TEST(Simulate, TheEnvironmentSaysWhichSeedsRun) {
  auto runs = [] {
    int count = 0;
    simulate([&](Simulation&) { ++count; }, {.seeds = {1, 4}, .twice = 1});
    return count;
  };
  EXPECT_EQ(runs(), 5);
  {
    Variable many("KUMASIM_SEEDS", "10");
    EXPECT_EQ(runs(), 11);
    Variable one("KUMASIM_SEED", "7");
    EXPECT_EQ(runs(), 2);
  }
  Variable range("KUMASIM_SEEDS", "11..12");
  EXPECT_EQ(runs(), 3);
}

TEST(Simulate, SeedsThatAreNoneFailTheTest) {
  for (const char* text : {"x", "3..1", "0", "1..", "-1", ""}) {
    Variable many("KUMASIM_SEEDS", text);
    EXPECT_THAT(failures([] { simulate([](Simulation&) {}); }), HasSubstr("is neither a seed nor a range")) << text;
  }
}

TEST(Simulate, WhatDependsOnMoreThanTheSeedFailsWithTheEventThatDiffers) {
  int earlier_runs = 0;
  auto text = failures([&] {
    simulate([&](Simulation& sim) {
      auto pause = ++earlier_runs * 1ms;
      sim.start("sleeper", [pause](Runtime& runtime) { return sleep(runtime.timers, pause); });
      sim.run_for(1s);
    });
  });
  EXPECT_THAT(text,
              AllOf(HasSubstr("seed 1 did not do the same when it was run again"), HasSubstr(": sleeper timer ")));
}

TEST(Simulate, WhatFailsWithoutFaultsIsToldWithoutThem) {
  auto text = failures([] {
    simulate(partitions(), [](Simulation& sim) {
      sim.start("client", [](Runtime&) -> asio::awaitable<void> { co_return; });
      sim.start("server", [](Runtime&) -> asio::awaitable<void> {
        throw std::runtime_error("out of order");
        co_return;
      });
      sim.run_for(20s);
    });
  });
  EXPECT_THAT(text, HasSubstr("an exception escaped the main of server: out of order"));
  EXPECT_THAT(text, HasSubstr("seed 1 fails without faults"));
  EXPECT_THAT(text, Not(HasSubstr("net.partition")));
}

TEST(Simulate, AnExceptionOutOfTheBodyFails) {
  auto text = failures([] { simulate([](Simulation&) { throw std::runtime_error("no body"); }); });
  EXPECT_THAT(text, HasSubstr("an exception escaped the test's body: no body"));
}

TEST(Simulate, TheSearchForTheLeastFaultsHasALimit) {
  auto text = failures([] {
    simulate(partitions(), [](Simulation& sim) { EXPECT_LT(sim.faults().size(), 2u); }, {.shrink_runs_most = 3});
  });
  EXPECT_THAT(text, HasSubstr("(3 more runs, after which the search was given up)"));
}

TEST(Simulate, ATopologyIsToldWithItsLinks) {
  auto text = failures([] {
    auto drawn = cases({.roles = {{.name = "client", .least = 1, .most = 4}, {.name = "server"}}}, {.faults_most = 0});
    simulate(drawn, [](Simulation& sim) {
      for (const std::string& name : sim.topology().of("client"))
        sim.start(name, [](Runtime&) -> asio::awaitable<void> { co_return; });
      EXPECT_TRUE(sim.topology().links.empty());
      EXPECT_NE(sim.world().find_process("server"), nullptr);
    });
  });
  EXPECT_THAT(text,
              ContainsRegex("fails without faults\nbetween\n  client-0, server\n  .between: .*, delay: 1000us.\n"));
}

}  // namespace
}  // namespace kumasim
