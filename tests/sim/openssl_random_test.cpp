/// OpenSSL draws from the running process, so keys are the seed's.
#include <gtest/gtest.h>

#include <openssl/rand.h>

#include "tests/sim/echo.hpp"

namespace kumasim {
namespace {

using namespace testing;

std::uint64_t draw() {
  std::uint64_t value = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof value);
  return value;
}

std::vector<std::uint64_t> draws(std::uint64_t seed) {
  sim::World world({.seed = seed});
  std::vector<std::uint64_t> out;
  for (auto* name : {"a", "b"}) world.add_process(name).start([&](Runtime&) { out.push_back(draw()); });
  world.run_until(at(1s));
  out.push_back(draw());  // outside of every process: the world's own
  std::ranges::sort(out);
  return out;
}

TEST(OpensslRandom, IsTheSeeds) {
  EXPECT_EQ(draws(1), draws(1));
  EXPECT_NE(draws(1), draws(2));
  auto drawn = draws(1);
  EXPECT_EQ(std::ranges::adjacent_find(drawn), drawn.end());
}

TEST(OpensslRandom, BelongsToTheWorldThatRuns) {
  sim::World first({.seed = 1});
  std::uint64_t alone = 0, beside = 0;
  first.add_process("a").start([&](Runtime&) { alone = draw(); });
  first.run_until(at(1s));
  sim::World again({.seed = 1});
  sim::World other({.seed = 2});  // made later, but not the one that runs
  again.add_process("a").start([&](Runtime&) { beside = draw(); });
  again.run_until(at(1s));
  EXPECT_EQ(alone, beside);
}

TEST(OpensslRandom, IsTheSystemsWithoutAWorld) {
  {
    sim::World world;
  }
  EXPECT_NE(draw(), draw());
}

}  // namespace
}  // namespace kumasim
