/// Wrapped networks and disks: each operation can be the one that fails, and nothing hangs or is lost unseen.
#include <gtest/gtest.h>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "kumasim/fault/faulty_disk.hpp"
#include "kumasim/fault/faulty_network.hpp"
#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/world.hpp"

namespace kumasim::fault {
namespace {

using namespace std::chrono_literals;

asio::awaitable<void> echo(Runtime& runtime) {
  Listener listener = runtime.network.listen({"", 7});
  while (true) {
    Stream stream = co_await listener.accept();
    try {
      char buffer[64];
      while (true) {
        std::size_t count = co_await stream.async_read_some(asio::buffer(buffer));
        co_await asio::async_write(stream, asio::buffer(buffer, count), asio::use_awaitable);
      }
    } catch (const boost::system::system_error&) {
    }
  }
}

struct Trial {
  sim::World world{{.seed = 5}};
  sim::Process& server = world.add_process("server");
  sim::Process& client = world.add_process("client");
  NetworkFaults faults;
  std::string journal;

  static asio::awaitable<void> talk(Runtime& runtime, Trial& trial) {
    FaultyNetwork network(runtime.network, runtime.timers, trial.faults);
    std::string outcome = "ok";
    try {
      Stream stream = co_await network.connect({"server", 7});
      for (int round = 0; round < 3; ++round) {
        co_await asio::async_write(stream, asio::buffer("hello", 5), asio::use_awaitable);
        char answer[5];
        co_await asio::async_read(stream, asio::buffer(answer), asio::use_awaitable);
        co_await sleep(runtime.timers, 1s);
      }
    } catch (const boost::system::system_error& error) {
      outcome = error.code() == asio::error::connection_reset   ? "reset"
                : error.code() == asio::error::host_unreachable ? "unreachable"
                                                                : error.code().message();
    }
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(runtime.clock.now().time_since_epoch()).count();
    trial.journal = outcome + " at " + std::to_string(seconds);
  }

  void start() {
    server.start([](Runtime& runtime) { spawn(runtime.executor, runtime.log, "echo", echo(runtime)); });
    client.start([this](Runtime& runtime) { spawn(runtime.executor, runtime.log, "client", talk(runtime, *this)); });
  }
  void run() { world.run_until(MonotonicTime(60s)); }
};

TEST(FaultyNetwork, EveryOperationCanBeTheOneThatFails) {
  std::uint64_t n = 1;
  for (;; ++n) {
    Trial trial;
    trial.faults.point.fail_nth(n);
    trial.start();
    trial.run();
    ASSERT_FALSE(trial.journal.empty()) << "operation " << n << " hangs";
    if (trial.faults.point.struck() == 0) {
      EXPECT_EQ(trial.journal, "ok at 3");
      break;
    }
    EXPECT_EQ(trial.journal.substr(0, 5), "reset") << n;
    ASSERT_LT(n, 100u);
  }
  EXPECT_GE(n, 7u);  // one connect, three writes, three reads
}

TEST(FaultyNetwork, DelaysEachOperation) {
  Trial trial;
  trial.faults.set_delay(1s);
  trial.start();
  trial.run();
  EXPECT_EQ(trial.journal, "ok at 10");  // 3 rounds of 3 s, and the connect
}

TEST(FaultyNetwork, APartitionHoldsWhatIsUnderWayUntilItHeals) {
  Trial trial;
  trial.start();
  trial.world.schedule(MonotonicTime(500ms), [&] { trial.faults.partition("server"); });
  trial.world.schedule(MonotonicTime(20s), [&] { trial.faults.heal_all(); });
  trial.run();
  EXPECT_EQ(trial.journal, "ok at 22");
}

TEST(FaultyNetwork, AReadUnderWayCompletesOnlyOnceThePartitionHeals) {
  Trial trial;
  std::string heard;
  trial.server.start([](Runtime& runtime) {
    spawn(runtime.executor, runtime.log, "late", [](Runtime& r) -> asio::awaitable<void> {
      Listener listener = r.network.listen({"", 7});
      Stream stream = co_await listener.accept();
      co_await sleep(r.timers, 5s);
      co_await asio::async_write(stream, asio::buffer("late", 4), asio::use_awaitable);
      co_await sleep(r.timers, 1h);
    }(runtime));
  });
  trial.client.start([&](Runtime& runtime) {
    spawn(runtime.executor, runtime.log, "client", [](Runtime& r, Trial& t, std::string& out) -> asio::awaitable<void> {
      FaultyNetwork network(r.network, r.timers, t.faults);
      Stream stream = co_await network.connect({"server", 7});
      char buffer[16];
      std::size_t count = co_await stream.async_read_some(asio::buffer(buffer));
      auto seconds = std::chrono::duration_cast<std::chrono::seconds>(r.clock.now().time_since_epoch()).count();
      out = std::string(buffer, count) + " at " + std::to_string(seconds);
    }(runtime, trial, heard));
  });
  trial.world.schedule(MonotonicTime(1s), [&] { trial.faults.partition("server"); });
  trial.world.schedule(MonotonicTime(20s), [&] { trial.faults.heal_all(); });
  trial.world.run_until(MonotonicTime(19s));
  EXPECT_EQ(heard, "");
  trial.run();
  EXPECT_EQ(heard, "late at 20");
}

TEST(FaultyNetwork, AHeldReadCanBeCancelled) {
  Trial trial;
  std::string outcome;
  trial.server.start([](Runtime& runtime) { spawn(runtime.executor, runtime.log, "echo", echo(runtime)); });
  trial.client.start([&](Runtime& runtime) {
    spawn(runtime.executor, runtime.log, "client", [](Runtime& r, Trial& t, std::string& out) -> asio::awaitable<void> {
      FaultyNetwork network(r.network, r.timers, t.faults);
      Stream stream = co_await network.connect({"server", 7});
      co_await asio::async_write(stream, asio::buffer("x", 1), asio::use_awaitable);
      t.faults.partition("server");  // the answer is under way
      auto read = [](Stream& s) -> asio::awaitable<std::size_t> {
        char buffer[16];
        co_return co_await s.async_read_some(asio::buffer(buffer));
      };
      auto result = co_await with_timeout(r.timers, 3s, read(stream));
      out = result ? "read" : "gave up";
    }(runtime, trial, outcome));
  });
  trial.run();
  EXPECT_EQ(outcome, "gave up");
}

TEST(FaultyNetwork, ConnectingIntoAPartitionFails) {
  Trial trial;
  trial.faults.partition("server");
  trial.start();
  trial.run();
  EXPECT_EQ(trial.journal, "unreachable at 0");
}

TEST(FaultyNetwork, AKilledProcessLetsGoOfHeldOperations) {
  Trial trial;
  trial.start();
  trial.world.schedule(MonotonicTime(500ms), [&] { trial.faults.partition("server"); });
  trial.world.schedule(MonotonicTime(10s), [&] { trial.client.kill(); });
  trial.world.schedule(MonotonicTime(20s), [&] { trial.faults.heal_all(); });
  trial.run();
  EXPECT_EQ(trial.journal, "");
}

TEST(FaultyNetwork, WhatAPartitionHoldsGoesWithItsProcess) {
  Trial trial;
  std::weak_ptr<int> mark;
  trial.server.start([](Runtime& runtime) { spawn(runtime.executor, runtime.log, "echo", echo(runtime)); });
  trial.client.start([&](Runtime& runtime) {
    auto read = [](Runtime& r, Trial& t, std::shared_ptr<int>) -> asio::awaitable<void> {
      FaultyNetwork network(r.network, r.timers, t.faults);
      Stream stream = co_await network.connect({"server", 7});
      t.faults.partition("server");
      char byte;
      co_await stream.async_read_some(asio::buffer(&byte, 1));
    };
    auto made = std::make_shared<int>(0);
    mark = made;
    spawn(runtime.executor, runtime.log, "client", read(runtime, trial, std::move(made)));
  });
  trial.world.run_until(MonotonicTime(1s));
  EXPECT_FALSE(mark.expired());
  trial.client.kill();
  EXPECT_TRUE(mark.expired());
}

TEST(FaultyDisk, FailsEachOperationOnceAndLeavesTheRest) {
  for (std::uint64_t n = 1; n <= 5; ++n) {
    sim::World world;
    FaultPoint point;
    FaultyDisk disk(world.add_process("p").disk(), point);
    point.fail_nth(n);
    int failures = 0;
    auto note = [&](bool ok) { failures += ok ? 0 : 1; };
    auto file = disk.open("f", OpenMode::create_or_open);
    note(file.has_value());
    if (!file) file = disk.open("f", OpenMode::create_or_open);
    ASSERT_TRUE(file);
    std::array<std::byte, 4> bytes{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
    for (int i = 0; i < 2; ++i) note((*file)->write(0, bytes).has_value());
    note((*file)->sync().has_value());
    std::array<std::byte, 4> back{};
    note((*file)->read(0, back).has_value());
    EXPECT_EQ(failures, 1) << n;
    if (n != 5) EXPECT_EQ(back, bytes) << n;
  }
}

}  // namespace
}  // namespace kumasim::fault
