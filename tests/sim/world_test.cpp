/// The world: order, time, lives of processes, and one fingerprint for one seed.
#include <gtest/gtest.h>

#include <sstream>

#include "kumasim/sim/trace.hpp"
#include "kumasim/sim/world.hpp"
#include "tests/sim/echo.hpp"

namespace kumasim {
namespace {

using namespace testing;
using sim::EventKind;
using sim::World;

TEST(World, RunsEventsInTheOrderOfTheirTimes) {
  World world;
  std::vector<int> order;
  world.schedule(at(30ms), [&] { order.push_back(3); });
  world.schedule(at(10ms), [&] { order.push_back(1); });
  world.schedule(at(20ms), [&] { order.push_back(2); });
  world.run_until(at(25ms));
  EXPECT_EQ(order, (std::vector{1, 2}));
  EXPECT_EQ(world.now(), at(25ms));
  world.run_until(at(40ms));
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

/// One letter for each process and step; all of them are due at the same instants.
std::string interleaving(std::uint64_t seed) {
  World world({.seed = seed});
  std::string order;
  for (char name : {'a', 'b', 'c', 'd'}) {
    auto& process = world.add_process(std::string(1, name));
    process.start([&order, &world, &process, name](Runtime&) {
      for (int step = 0; step < 4; ++step)
        world.post(process, 5ms, EventKind::post, 0, [&order, name, step] {
          order += name;
          order += static_cast<char>('0' + step);
        });
    });
  }
  world.run_until(at(1s));
  return order;
}

TEST(World, TiesAreShuffledBetweenProcessesAndInOrderWithinOne) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto order = interleaving(seed);
    EXPECT_EQ(order, interleaving(seed));
    seen.insert(order);
    for (char name : {'a', 'b', 'c', 'd'}) {
      std::string steps;
      for (std::size_t i = 0; i < order.size(); i += 2)
        if (order[i] == name) steps += order[i + 1];
      EXPECT_EQ(steps, "0123");
    }
  }
  EXPECT_GT(seen.size(), 10u);
}

struct Outcome {
  std::uint64_t fingerprint, events;
  std::vector<std::string> journal;
  bool operator==(const Outcome&) const = default;
};

/// Eight clients of one server; partitions, a client's death, the server's restart.
Outcome chaos(std::uint64_t seed) {
  Outcome out;
  {
    World world({.seed = seed});
    auto& server = world.add_process("server");
    start_echo(server);
    std::vector<sim::Process*> clients;
    for (int i = 0; i < 8; ++i) {
      clients.push_back(&world.add_process("client-" + std::to_string(i)));
      start_client(*clients.back(),
                   {.host = "server", .rounds = i < 4 ? 5 : 100, .bytes = 100'000, .journal = &out.journal});
    }
    world.schedule(at(10500ms), [&] { world.network().partition(server, *clients[5]); });
    world.schedule(at(12500ms), [&] { world.network().partition(server, *clients[6]); });
    world.schedule(at(18500ms), [&] { world.network().heal(server, *clients[6]); });
    world.schedule(at(40500ms), [&] { clients[4]->kill(); });
    world.schedule(at(50500ms), [&] { server.restart(); });
    world.run_until(at(200s));
    out.fingerprint = world.fingerprint();
    out.events = world.events();
    EXPECT_GT(Counted::alive, 0);
  }
  EXPECT_EQ(Counted::alive, 0) << "frames outlived their world";
  return out;
}

TEST(World, OneSeedOneRunAnotherSeedAnother) {
  auto first = chaos(1);
  EXPECT_EQ(first, chaos(1));
  EXPECT_NE(first.fingerprint, chaos(2).fingerprint);
  auto count = [&](std::string_view word) {
    return std::ranges::count_if(first.journal, [&](const auto& line) { return line.starts_with(word); });
  };
  EXPECT_EQ(count("ok"), 4);
  EXPECT_EQ(count("Connection timed out"), 1);      // cut off for longer than stall_max
  EXPECT_EQ(count("Connection reset by peer"), 2);  // the healed one and the undisturbed one
  EXPECT_EQ(first.journal.size(), 7u);              // the killed one wrote nothing
}

TEST(World, ItsEndDestroysEveryFrameOfAllProcesses) {
  {
    World world;
    for (const char* name : {"a", "b", "c"})
      world.add_process(name).start([](Runtime& runtime) {
        spawn(runtime.executor, runtime.log, "sleeps", [](Runtime& r) -> asio::awaitable<void> {
          Counted counted;
          auto limited = co_await with_timeout(r.timers, 2h, sleep(r.timers, 1h));
          EXPECT_TRUE(limited);
        }(runtime));
      });
    world.run_until(at(1s));
    EXPECT_EQ(Counted::alive, 3);
  }
  EXPECT_EQ(Counted::alive, 0);
}

TEST(Process, KillDestroysEveryFrameAndRestartBuildsAnew) {
  World world;
  auto& process = world.add_process("p");
  int starts = 0;
  process.start([&](Runtime& runtime) {
    ++starts;
    auto event = std::make_shared<Event>(runtime.executor);
    // Waits on an event that only its own frame owns: nobody but the end of the process can end it.
    spawn(runtime.executor, runtime.log, "waits", [](std::shared_ptr<Event> own) -> asio::awaitable<void> {
      Counted counted;
      co_await own->wait();
    }(event));
    spawn(runtime.executor, runtime.log, "sleeps", [](Runtime& r) -> asio::awaitable<void> {
      Counted counted;
      auto limited = co_await with_timeout(r.timers, 2h, sleep(r.timers, 1h));
      EXPECT_TRUE(limited);
    }(runtime));
  });
  world.run_until(at(1s));
  EXPECT_EQ(Counted::alive, 2);
  process.kill();
  EXPECT_FALSE(process.up());
  EXPECT_EQ(Counted::alive, 0);
  process.restart();
  world.run_until(at(2s));
  EXPECT_EQ(Counted::alive, 2);
  EXPECT_EQ(starts, 2);
  process.restart();
  EXPECT_EQ(Counted::alive, 0);
  world.run_until(at(3h));
  EXPECT_EQ(starts, 3);
  EXPECT_EQ(process.lives(), 3u);
  process.kill();
  EXPECT_EQ(Counted::alive, 0);
}

TEST(Process, MayKillItself) {
  World world;
  auto& process = world.add_process("p");
  int after = 0;
  process.start([&](Runtime& runtime) {
    spawn(runtime.executor, runtime.log, "suicide",
          [](Runtime& r, sim::Process& self, int& count) -> asio::awaitable<void> {
            Counted counted;
            self.kill();
            ++count;  // still running: the death follows this event
            co_await sleep(r.timers, 1ms);
            ++count;
          }(runtime, process, after));
  });
  world.run_until(at(1s));
  EXPECT_EQ(after, 1);
  EXPECT_FALSE(process.up());
  EXPECT_EQ(Counted::alive, 0);
}

TEST(Process, KeepsObjectsUntilItsFramesAreGone) {
  struct Owner {
    bool* frame_gone;
    ~Owner() { EXPECT_TRUE(*frame_gone); }
  };
  struct Frame {
    bool* gone;
    ~Frame() { *gone = true; }
  };
  World world;
  bool gone = false;
  auto& process = world.add_process("p");
  process.start([&](Runtime& runtime) {
    process.keep(std::make_shared<Owner>(&gone));
    spawn(runtime.executor, runtime.log, "t", [](Runtime& r, bool* flag) -> asio::awaitable<void> {
      Frame frame{flag};
      co_await sleep(r.timers, 1h);
    }(runtime, &gone));
  });
  world.run_until(at(1s));
  process.kill();
  EXPECT_TRUE(gone);
}

TEST(Process, PauseStopsItAndResumeGoesOnInOrder) {
  World world;
  std::vector<std::int64_t> ticks;
  auto& process = world.add_process("p");
  process.start([&](Runtime& runtime) {
    spawn(runtime.executor, runtime.log, "ticks",
          [](Runtime& r, std::vector<std::int64_t>& out) -> asio::awaitable<void> {
            for (;;) {
              co_await sleep(r.timers, 1s);
              out.push_back(r.clock.now().time_since_epoch() / 1s);
            }
          }(runtime, ticks));
  });
  world.schedule(at(3500ms), [&] { process.pause(); });
  world.schedule(at(10200ms), [&] { process.resume(); });
  world.run_until(at(12500ms));
  EXPECT_EQ(ticks, (std::vector<std::int64_t>{1, 2, 3, 10, 11, 12}));
  process.pause();
  process.kill();  // a paused process can be killed
  EXPECT_FALSE(process.up());
}

TEST(Process, EachLifeHasItsOwnChance) {
  World world;
  std::vector<std::uint64_t> drawn;
  for (auto* name : {"a", "b"}) {
    auto& process = world.add_process(name);
    process.start([&](Runtime& runtime) { drawn.push_back(runtime.random.next()); });
    world.run_until(world.now() + 1s);
    process.restart();
    world.run_until(world.now() + 1s);
  }
  ASSERT_EQ(drawn.size(), 4u);
  EXPECT_EQ(std::set(drawn.begin(), drawn.end()).size(), 4u);
}

TEST(Process, WallClockMayBeWrongAndMonotonicTimeIsNot) {
  World world({.start = WallTime(std::chrono::seconds(1000))});
  auto& process = world.add_process("p");
  process.set_wall_offset(-10min);
  process.start([](Runtime&) {});
  world.run_until(at(30s));
  EXPECT_EQ(process.runtime().clock.wall_now(), WallTime(std::chrono::seconds(1030 - 600)));
  EXPECT_EQ(process.runtime().clock.now(), at(30s));
}

TEST(World, ALivelockIsAnErrorThatNamesTheLimit) {
  World world({.limits = {.events_per_instant_max = 1000}});
  auto& process = world.add_process("spinner");
  std::function<void()> spin = [&] { world.post(process, 0s, EventKind::post, 0, [&] { spin(); }); };
  process.start([&](Runtime&) { spin(); });
  try {
    world.run_until(at(1s));
    FAIL() << "the livelock went unnoticed";
  } catch (const sim::LimitExceeded& error) {
    EXPECT_NE(std::string(error.what()).find("events_per_instant_max = 1000"), std::string::npos) << error.what();
  }
}

TEST(World, MessagesHonourDelayPartitionAndDeath) {
  World world;
  auto& a = world.add_process("a");
  auto& b = world.add_process("b");
  a.start([](Runtime&) {});
  b.start([](Runtime&) {});
  world.network().set_link(a, b, {.delay = sim::DelayLaw::constant(10ms)});
  std::vector<std::string> got;
  auto send = [&](std::string text) {
    return world.send(a, b, sim::user_kind(1), 0, [&got, &world, text] {
      got.push_back(text + "@" + std::to_string(world.now().time_since_epoch() / 1ms));
    });
  };
  EXPECT_EQ(send("first"), sim::SendOutcome::sent);
  world.run_until(at(100ms));
  send("lost under way");
  world.network().partition(a, b);
  EXPECT_EQ(send("never sent"), sim::SendOutcome::cut);
  world.run_until(at(200ms));
  world.network().heal(a, b);
  send("dies with the receiver");
  b.restart();
  world.run_until(at(300ms));
  b.kill();
  EXPECT_EQ(send("to nobody"), sim::SendOutcome::receiver_down);
  b.restart();
  send("last");
  world.run_until(at(400ms));
  EXPECT_EQ(got, (std::vector<std::string>{"first@10", "last@310"}));
}

TEST(World, TraceIsJsonLinesWithCauses) {
  std::ostringstream out;
  World world;
  sim::JsonLinesTrace trace(out, [&](std::uint32_t id) { return world.process_name(id); });
  world.set_trace(&trace);
  auto& process = world.add_process("web");
  process.start([&](Runtime&) { world.post(process, 1ms, sim::user_kind(3), 0xAB, [] {}); });
  world.run_until(at(1s));
  EXPECT_EQ(
      out.str(),
      "{\"id\":1,\"cause\":0,\"t\":0,\"process\":\"web\",\"kind\":\"start\",\"digest\":\"0000000000000001\"}\n"
      "{\"id\":2,\"cause\":1,\"t\":1000000,\"process\":\"web\",\"kind\":\"user3\",\"digest\":\"00000000000000ab\"}"
      "\n");
  world.set_trace(nullptr);
}

TEST(World, TracingDoesNotChangeTheRun) {
  auto run = [](bool traced) {
    std::ostringstream out;
    World world({.seed = 9});
    sim::JsonLinesTrace trace(out, [&](std::uint32_t id) { return world.process_name(id); });
    if (traced) world.set_trace(&trace);
    std::vector<std::string> journal;
    start_echo(world.add_process("server"));
    start_client(world.add_process("client"), {.host = "server", .rounds = 3, .journal = &journal});
    world.run_until(at(10s));
    return world.fingerprint();
  };
  EXPECT_EQ(run(false), run(true));
}

}  // namespace
}  // namespace kumasim
