/// Kills, pauses and partitions at random instants: nothing leaks, and a seed does the same again.
#include <gtest/gtest.h>

#include "kumasim/sim/divergence.hpp"
#include "tests/sim/echo.hpp"

namespace kumasim {
namespace {

using namespace testing;
using sim::World;

constexpr int clients_count = 8;

/// Four hundred faults in ten seconds on eight clients of one server, over slow and lossy links; then a minute of calm.
struct Chaos {
  explicit Chaos(std::uint64_t seed) : world({.seed = seed}) {
    world.network().set_default_link(
        {.delay = sim::DelayLaw::lognormal({.p50 = 1ms, .p99 = 20ms}), .loss_ppm = 10'000});
    start_echo(server);
    for (int i = 0; i < clients_count; ++i) {
      clients.push_back(&world.add_process("client-" + std::to_string(i)));
      start_client(*clients.back(),
                   {.host = "server", .rounds = 30, .pause = 100ms, .bytes = 50'000, .journal = &journal});
    }
    for (int i = 0; i < 400; ++i) world.schedule(at(i * 25ms), [this] { fault(); });
    world.schedule(at(10s), [this] {
      world.network().heal_all();
      for (auto* client : clients) client->resume();
    });
  }

  void fault() {
    auto& client = *clients[world.random().below(clients_count)];
    switch (world.random().below(6)) {
      case 0: return client.restart();
      case 1: return world.network().partition(server, client);
      case 2: return world.network().partition_one_way(client, server);
      case 3: return world.network().heal_all();
      case 4: return client.paused() ? client.resume() : client.pause();
      case 5: return world.network().reset(server, client);
    }
  }

  World world;
  sim::Process& server = world.add_process("server");
  std::vector<sim::Process*> clients;
  std::vector<std::string> journal;
};

class ChaosTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ChaosTest, LeaksNothingAndDoesTheSameAgain) {
  std::uint64_t fingerprints[2] = {};
  std::vector<std::string> journals[2];
  for (int run = 0; run < 2; ++run) {
    {
      Chaos chaos(GetParam());
      chaos.world.run_until(at(70s));
      fingerprints[run] = chaos.world.fingerprint();
      journals[run] = chaos.journal;
      EXPECT_GT(chaos.world.events(), 3000u);
      // In the calm every client ends. A reset that a partition swallowed leaves the server's end half open, as TCP
      // does.
      EXPECT_LE(chaos.world.network().connections(), 3u);
    }
    EXPECT_EQ(Counted::alive, 0) << "frames outlived their world";
  }
  EXPECT_EQ(fingerprints[0], fingerprints[1]);
  EXPECT_EQ(journals[0], journals[1]);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChaosTest, ::testing::Values(1, 2, 3, 4, 5));

TEST(ChaosDivergence, OneLateFaultIsFound) {
  auto replay = [](bool late) {
    return sim::Replay([late](auto attach, auto finish) {
      Chaos chaos(1);
      attach(chaos.world);
      chaos.world.schedule(at(20s), [&] {
        if (late) chaos.server.restart();
      });
      chaos.world.run_until(at(40s));
      finish(chaos.world);
    });
  };
  auto found = sim::find_divergence(replay(false), replay(true));
  ASSERT_TRUE(found);
  auto time = found->second ? found->second->time : found->first->time;
  EXPECT_GE(time, at(20s)) << sim::to_string(*found);
  EXPECT_FALSE(sim::find_divergence(replay(true), replay(true)));
}

}  // namespace
}  // namespace kumasim
