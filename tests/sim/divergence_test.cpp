/// The tool that names the first event in which two runs differ.
#include <gtest/gtest.h>

#include "kumasim/sim/divergence.hpp"
#include "tests/sim/echo.hpp"

namespace kumasim {
namespace {

using namespace testing;
using sim::World;

/// Twelve thousand ticks of three processes; the digest of tick number `odd` of process b is another one.
sim::Replay ticking(int odd, int ticks = 4000) {
  return [odd, ticks](auto attach, auto finish) {
    World world({.seed = 5});
    attach(world);
    for (auto* name : {"a", "b", "c"}) {
      auto& process = world.add_process(name);
      process.start([&, name](Runtime&) {
        for (int tick = 1; tick <= ticks; ++tick) {
          auto digest = *name == 'b' && tick == odd ? 999u : 1u;
          world.post(process, tick * 1ms, sim::user_kind(0), digest, [] {});
        }
      });
    }
    world.run_until(at(1h));
    finish(world);
  };
}

TEST(Divergence, EqualRunsHaveNone) { EXPECT_FALSE(sim::find_divergence(ticking(0), ticking(0))); }

TEST(Divergence, NamesTheFirstDifferingEvent) {
  for (int odd : {1, 1366, 3000, 4000}) {
    auto found = sim::find_divergence(ticking(0), ticking(odd));
    ASSERT_TRUE(found) << odd;
    ASSERT_TRUE(found->first && found->second);
    EXPECT_EQ(found->first_process, "b");
    EXPECT_EQ(found->second_process, "b");
    EXPECT_EQ(found->second->digest, 999u);
    EXPECT_EQ(found->second->time, at(odd * 1ms));
    EXPECT_NE(sim::to_string(*found).find("against b user0 00000000000003e7 at"), std::string::npos);
  }
}

TEST(Divergence, ARunThatEndsEarlyDiffersAfterItsEnd) {
  auto found = sim::find_divergence(ticking(0), ticking(0, 3999));
  ASSERT_TRUE(found);
  ASSERT_TRUE(found->first);
  EXPECT_FALSE(found->second);
  EXPECT_EQ(found->first->time, at(4s));
}

}  // namespace
}  // namespace kumasim
