/// A thread that touches a simulated process ends the program, with the reason.
#include <gtest/gtest.h>

#include <thread>

#include <boost/asio/post.hpp>

#include "tests/sim/echo.hpp"

namespace kumasim {
namespace {

TEST(GuardDeathTest, AForeignThreadIsCaught) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        sim::World world;
        auto& process = world.add_process("p");
        process.start([](Runtime&) {});
        std::thread foreign([&] { asio::post(process.runtime().executor, [] {}); });
        foreign.join();
      },
      "used from another thread");
}

}  // namespace
}  // namespace kumasim
