/// Faults of a plan strike in their time, each until its own end.
#include "kumasim/testing/fault_injector.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/sim/echo.hpp"

namespace kumasim {
namespace {

using namespace testing;
using Kind = Fault::Kind;

/// Two processes that do nothing, and a plan.
struct Pair {
  explicit Pair(FaultPlan plan) : injector(world, std::move(plan)) {
    for (auto* process : {&a, &b}) process->start([](Runtime&) {});
  }

  bool reachable_at(Duration time) {
    world.run_until(at(time));
    return world.network().reachable(a, b);
  }
  bool up_at(Duration time) {
    world.run_until(at(time));
    return a.up();
  }
  Duration delay() { return world.network().link(a, b).delay.draw(world.random()); }

  sim::World world{{.seed = 1}};
  sim::Process& a = world.add_process("a");
  sim::Process& b = world.add_process("b");
  FaultInjector injector;
};

TEST(FaultInjector, PartitionsOverlapEachUntilItsOwnEnd) {
  Pair pair({{.kind = Kind::partition, .process = "a", .peer = "b", .at = 1s, .lasts = 4s},
             {.kind = Kind::partition, .process = "b", .peer = "a", .at = 2s, .lasts = 1s}});
  EXPECT_TRUE(pair.reachable_at(500ms));
  EXPECT_FALSE(pair.reachable_at(2500ms));
  EXPECT_FALSE(pair.reachable_at(3500ms));
  EXPECT_TRUE(pair.reachable_at(5500ms));
}

TEST(FaultInjector, OneWayLeavesTheOtherOpen) {
  Pair pair({{.kind = Kind::partition, .process = "b", .peer = "a", .one_way = true, .at = 1s, .lasts = 1s}});
  EXPECT_TRUE(pair.reachable_at(1500ms));
  EXPECT_FALSE(pair.world.network().reachable(pair.b, pair.a));
  pair.world.run_until(at(3s));
  EXPECT_TRUE(pair.world.network().reachable(pair.b, pair.a));
}

TEST(FaultInjector, ClogsEndWithTheLastOfThem) {
  Pair pair({{.kind = Kind::clog, .process = "a", .peer = "b", .at = 1s, .lasts = 2s},
             {.kind = Kind::clog, .process = "a", .peer = "b", .one_way = true, .at = 2s, .lasts = 3s}});
  auto clogged = [&](Duration time) {
    pair.world.run_until(at(time));
    return std::pair(pair.world.network().clogged(pair.a.id(), pair.b.id()),
                     pair.world.network().clogged(pair.b.id(), pair.a.id()));
  };
  EXPECT_EQ(clogged(2500ms), std::pair(true, true));
  EXPECT_EQ(clogged(4s), std::pair(true, false));
  EXPECT_EQ(clogged(6s), std::pair(false, false));
}

TEST(FaultInjector, LinksAreAgainWhatTheyWere) {
  Pair pair({{.kind = Kind::delay, .process = "a", .peer = "b", .at = 1s, .lasts = 2s, .delay = 300ms},
             {.kind = Kind::loss, .process = "a", .peer = "b", .at = 2s, .lasts = 3s, .loss_ppm = 250'000}});
  pair.world.network().set_link(pair.a, pair.b, {.delay = sim::DelayLaw::constant(7ms), .loss_ppm = 11});
  pair.world.run_until(at(2500ms));
  EXPECT_EQ(pair.delay(), Duration(300ms));
  EXPECT_EQ(pair.world.network().link(pair.b, pair.a).loss_ppm, 250'000u);
  pair.world.run_until(at(4s));
  EXPECT_EQ(pair.delay(), Duration(7ms));
  EXPECT_EQ(pair.world.network().link(pair.a, pair.b).loss_ppm, 250'000u);
  pair.world.run_until(at(6s));
  EXPECT_EQ(pair.world.network().link(pair.a, pair.b).loss_ppm, 11u);
}

TEST(FaultInjector, ALinkChangedBetweenTwoFaultsStaysChanged) {
  Pair pair({{.kind = Kind::delay, .process = "a", .peer = "b", .at = 1s, .lasts = 1s, .delay = 300ms},
             {.kind = Kind::loss, .process = "a", .peer = "b", .at = 4s, .lasts = 1s, .loss_ppm = 250'000}});
  pair.world.run_until(at(3s));
  pair.world.network().set_link(pair.a, pair.b, {.delay = sim::DelayLaw::constant(7ms), .loss_ppm = 11});
  pair.world.run_until(at(4500ms));
  EXPECT_EQ(pair.delay(), Duration(7ms));
  EXPECT_EQ(pair.world.network().link(pair.a, pair.b).loss_ppm, 250'000u);
  pair.world.run_until(at(6s));
  EXPECT_EQ(pair.delay(), Duration(7ms));
  EXPECT_EQ(pair.world.network().link(pair.a, pair.b).loss_ppm, 11u);
  EXPECT_EQ(pair.world.network().link(pair.b, pair.a).loss_ppm, 11u);
}

TEST(FaultInjector, AKilledProcessStartsAnewAfterTheLastKill) {
  Pair pair({{.kind = Kind::kill, .process = "a", .at = 1s, .lasts = 3s},
             {.kind = Kind::kill, .process = "a", .at = 2s, .lasts = 1s}});
  EXPECT_TRUE(pair.up_at(500ms));
  EXPECT_FALSE(pair.up_at(1500ms));
  EXPECT_FALSE(pair.up_at(3500ms));
  EXPECT_TRUE(pair.up_at(4500ms));
  EXPECT_EQ(pair.a.lives(), 2u);
  EXPECT_EQ(pair.b.lives(), 1u);
}

TEST(FaultInjector, APauseOutlivesTheLifeThatItStruck) {
  Pair pair({{.kind = Kind::pause, .process = "a", .at = 1s, .lasts = 4s},
             {.kind = Kind::kill, .process = "a", .at = 2s, .lasts = 1s}});
  EXPECT_TRUE(pair.up_at(4s));
  EXPECT_TRUE(pair.a.paused());
  EXPECT_TRUE(pair.up_at(6s));
  EXPECT_FALSE(pair.a.paused());
}

TEST(FaultInjector, AResetIsSeenByTheClient) {
  sim::World world({.seed = 1});
  FaultInjector injector(world, {{.kind = Kind::reset, .process = "server", .peer = "client", .at = 2500ms}});
  std::vector<std::string> journal;
  start_echo(world.add_process("server"));
  start_client(world.add_process("client"), {.host = "server", .rounds = 9, .journal = &journal});
  world.run_until(at(20s));
  EXPECT_EQ(journal, std::vector<std::string>{"Connection reset by peer at 3s"});
}

TEST(FaultInjector, APlanMayNotStrikeWhoIsNotThere) {
  sim::World world({.seed = 1});
  FaultInjector injector(world, {{.kind = Kind::kill, .process = "nobody", .at = 1s, .lasts = 1s}});
  EXPECT_THROW(world.run_until(at(2s)), std::invalid_argument);
}

TEST(FaultPlan, ReadsAsAScenarioFileHasIt) {
  FaultPlan plan{{.kind = Kind::kill, .process = "b", .at = 2s, .lasts = 1500ms},
                 {.kind = Kind::loss, .process = "a", .peer = "b", .one_way = true, .lasts = 20ms, .loss_ppm = 5'000},
                 {.kind = Kind::reset, .process = "a", .peer = "b", .at = 3s},
                 {.kind = Kind::loss, .process = "a", .peer = "b", .at = 4s, .lasts = 1s, .loss_ppm = 1}};
  EXPECT_EQ(to_string(plan),
            "{fault: net.loss, at: 0ms, for: 20ms, between: [a, b], direction: oneWay, loss: 0.5%}\n"
            "{fault: proc.kill, at: 2000ms, for: 1500ms, target: b}\n"
            "{fault: tcp.reset, at: 3000ms, between: [a, b]}\n"
            "{fault: net.loss, at: 4000ms, for: 1000ms, between: [a, b], loss: 0.0001%}\n");
}

}  // namespace
}  // namespace kumasim
