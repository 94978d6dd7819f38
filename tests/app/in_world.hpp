/// A test's coroutine as a task of one simulated process, with the parts that it needs.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>

#include <gtest/gtest.h>

#include "kumasim/sim/world.hpp"

namespace kumasim::cp::testing {

/// Parts are made from the process's Runtime. The failure of the body fails the test. Gives the fingerprint of the run.
template <class Parts>
std::uint64_t run_with(const std::function<asio::awaitable<void>(Parts&)>& body, std::uint64_t seed = 1) {
  bool done = false;
  sim::World world(sim::WorldOptions{.seed = seed});
  auto& process = world.add_process("kuma-cp");
  process.start([&](Runtime& runtime) {
    auto parts = std::make_shared<Parts>(runtime);
    process.keep(parts);
    asio::co_spawn(runtime.executor, body(*parts), [&](std::exception_ptr escaped) {
      done = true;
      if (!escaped) return;
      try {
        std::rethrow_exception(escaped);
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    });
  });
  world.run_for(std::chrono::minutes(10));
  EXPECT_TRUE(done);
  return world.fingerprint();
}

}  // namespace kumasim::cp::testing
