/// Partitions, resets, windows and refusals of the simulated network.
#include <gtest/gtest.h>

#include "tests/sim/echo.hpp"

namespace kumasim {
namespace {

using namespace testing;
using sim::World;

class NetworkTest : public ::testing::Test {
 protected:
  World world{{.seed = 3}};
  sim::Process& server = world.add_process("server");
  sim::Process& client = world.add_process("client");
  std::vector<std::string> journal;

  void SetUp() override { start_echo(server); }
  void TearDown() override {
    server.kill();
    client.kill();
    EXPECT_EQ(Counted::alive, 0);
  }
  void start(int rounds, std::size_t bytes = 1000) {
    start_client(client, {.host = "server", .rounds = rounds, .bytes = bytes, .journal = &journal});
  }
};

TEST_F(NetworkTest, AShortPartitionOnlyDelays) {
  start(10);
  world.schedule(at(2500ms), [&] { world.network().partition(server, client); });
  world.schedule(at(8s), [&] { world.network().heal(server, client); });
  world.run_until(at(1min));
  ASSERT_EQ(journal.size(), 1u);
  EXPECT_EQ(journal[0], "ok at 15s");
}

TEST_F(NetworkTest, ALongPartitionEndsTheConnection) {
  start(10);
  world.schedule(at(2500ms), [&] { world.network().partition(server, client); });
  world.run_until(at(1min));
  ASSERT_EQ(journal.size(), 1u);
  EXPECT_EQ(journal[0], "Connection timed out at 18s");  // the send at 3 s and stall_max of 15 s
}

TEST_F(NetworkTest, AOneWayPartitionAlsoEndsIt) {
  start(10);
  // Requests arrive, answers do not.
  world.schedule(at(2500ms), [&] { world.network().partition_one_way(server, client); });
  world.run_until(at(1min));
  ASSERT_EQ(journal.size(), 1u);
  EXPECT_EQ(journal[0], "Connection timed out at 18s");
}

TEST_F(NetworkTest, PartitionIsBetweenTheTwoOnly) {
  auto& other = world.add_process("other");
  std::vector<std::string> other_journal;
  start_client(other, {.host = "server", .rounds = 5, .journal = &other_journal});
  world.network().partition(server, client);
  world.run_until(at(10s));
  EXPECT_EQ(other_journal, (std::vector<std::string>{"ok at 5s"}));
}

TEST_F(NetworkTest, ConnectingThroughAPartitionIsTriedAgainUntilItHeals) {
  world.network().partition(server, client);
  start(1);
  world.schedule(at(4500ms), [&] { world.network().heal(server, client); });
  world.run_until(at(20s));
  EXPECT_EQ(journal, (std::vector<std::string>{"ok at 6s"}));
}

TEST_F(NetworkTest, ConnectingIntoAPartitionTimesOut) {
  world.network().partition(server, client);
  start(1);
  world.run_until(at(2min));
  EXPECT_EQ(journal, (std::vector<std::string>{"Connection timed out at 60s"}));
}

TEST_F(NetworkTest, ADeadServerRefusesAndItsPeersAreReset) {
  start(100);
  world.schedule(at(3500ms), [&] { server.kill(); });
  world.run_until(at(10s));
  ASSERT_EQ(journal.size(), 1u);
  EXPECT_TRUE(journal[0].starts_with("Connection reset by peer")) << journal[0];
  journal.clear();
  client.kill();
  start(1);
  world.run_until(at(20s));
  EXPECT_EQ(journal, (std::vector<std::string>{"Connection refused at 10s"}));
}

TEST_F(NetworkTest, AResetMayOvertakeTheAnswerToAConnect) {
  auto slow = sim::DelayLaw::constant(3s);
  world.network().set_link_one_way(server, client, {.delay = slow});
  std::string outcome;
  client.start([&](Runtime& runtime) {
    spawn(runtime.executor, runtime.log, "t", [](Runtime& r, std::string& out) -> asio::awaitable<void> {
      try {
        auto stream = co_await r.network.connect({"server", 7});
        out = "connected";
        char byte;
        co_await asio::async_read(stream, asio::buffer(&byte, 1), asio::use_awaitable);
      } catch (const boost::system::system_error& error) {
        out += ", " + error.code().message();
      }
    }(runtime, outcome));
  });
  world.schedule(at(1s), [&] {
    world.network().set_link_one_way(server, client, {.delay = sim::DelayLaw::constant(1ms)});
    server.kill();
  });
  world.run_until(at(1min));
  EXPECT_EQ(outcome, "connected, Connection reset by peer");
}

TEST_F(NetworkTest, ResetFailsBothEnds) {
  start(100);
  world.schedule(at(3500ms), [&] { world.network().reset(server, client); });
  world.run_until(at(10s));
  ASSERT_EQ(journal.size(), 1u);
  EXPECT_TRUE(journal[0].starts_with("Connection reset by peer")) << journal[0];
}

TEST_F(NetworkTest, APausedServerHoldsItsClientUp) {
  start(10);
  world.schedule(at(2500ms), [&] { server.pause(); });
  world.schedule(at(8s), [&] { server.resume(); });
  world.run_until(at(1min));
  EXPECT_EQ(journal, (std::vector<std::string>{"ok at 15s"}));
}

TEST_F(NetworkTest, LossIsDelay) {
  world.network().set_link(server, client, {.loss_ppm = 300'000});
  start(50, 100'000);
  world.run_until(at(10min));
  ASSERT_EQ(journal.size(), 1u);
  EXPECT_TRUE(journal[0].starts_with("ok")) << journal[0];
  EXPECT_NE(journal[0], "ok at 50s");
}

TEST_F(NetworkTest, ASlowLineTakesItsTime) {
  world.network().set_link(server, client, {.bytes_per_second = 20'000});
  start(1, 200'000);
  world.run_until(at(2min));
  // The first segment takes 3.3 s; from then on the answer flows for 10 s; then the pause of a second.
  EXPECT_EQ(journal, (std::vector<std::string>{"ok at 14s"}));
}

TEST_F(NetworkTest, UnknownNamesAndTakenPortsAreErrors) {
  std::string outcome;
  client.start([&](Runtime& runtime) {
    spawn(runtime.executor, runtime.log, "t", [](Runtime& r, std::string& out) -> asio::awaitable<void> {
      auto missing = co_await with_timeout(r.timers, 1s, r.network.connect({"nowhere", 1}));
      out += missing ? "connected" : missing.error().message;
      auto first = r.network.listen({"", 80});
      try {
        r.network.listen({"", 80});
        out += "; listened twice";
      } catch (const boost::system::system_error& error) {
        out += "; " + error.code().message();
      }
    }(runtime, outcome));
  });
  world.run_until(at(5s));
  EXPECT_EQ(outcome, "Host not found (authoritative); Address already in use");
}

TEST_F(NetworkTest, LoopbackListenersAreSeenFromTheirMachineOnly) {
  auto& sidecar = world.add_process("sidecar", server.address());
  std::string from_machine, from_outside;
  server.kill();
  server.start([](Runtime& runtime) {
    spawn(runtime.executor, runtime.log, "t", [](Runtime& r) -> asio::awaitable<void> {
      auto listener = r.network.listen({"127.0.0.1", 9901});
      for (;;) co_await listener.accept();
    }(runtime));
  });
  auto probe = [](sim::Process& process, std::string host, std::string& out) {
    process.start([host, &out](Runtime& runtime) {
      spawn(runtime.executor, runtime.log, "t",
            [](Runtime& r, std::string name, std::string& result) -> asio::awaitable<void> {
              auto stream = co_await with_timeout(r.timers, 1s, r.network.connect({name, 9901}));
              result = stream ? "connected" : stream.error().message;
            }(runtime, host, out));
    });
  };
  probe(sidecar, "127.0.0.1", from_machine);
  probe(client, "server", from_outside);
  world.run_until(at(5s));
  EXPECT_EQ(from_machine, "connected");
  EXPECT_EQ(from_outside, "Connection refused");
}

}  // namespace
}  // namespace kumasim
