/// One test body in both worlds: a server and clients on simulated processes, or on loopback TCP.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/runtime/task.hpp"

namespace kumasim::testing {

class TestWorld {
 public:
  using Main = std::function<asio::awaitable<void>(Runtime&)>;

  virtual ~TestWorld() = default;
  /// Runs beside the clients and is not waited for.
  virtual void server(Main main) = 0;
  /// run() returns once every client has ended. An exception of one fails the test.
  virtual void client(Main main) = 0;
  /// Fails the test where the clients need longer (virtual or real time).
  virtual void run(Duration limit = std::chrono::seconds(60)) = 0;
  /// The name under which clients reach the server.
  virtual std::string server_host() const = 0;
};

/// Starts one body; its end is counted in `running`, its failure fails the test. Null for a server.
void start_body(Runtime& runtime, const TestWorld::Main& main, std::size_t* running);

std::unique_ptr<TestWorld> make_live_world();

/// "sim" or "live".
std::unique_ptr<TestWorld> make_test_world(const std::string& kind);

/// Fixture of tests that run in both; name the suite's instances with KUMASIM_TWO_WORLDS(Suite).
class TwoWorlds : public ::testing::TestWithParam<const char*> {
 protected:
  TwoWorlds() : world(make_test_world(GetParam())) {}

  /// The server listens, tells its port, and then serves.
  asio::awaitable<Address> server_address(Runtime& runtime) {
    while (port == 0) co_await sleep(runtime.timers, std::chrono::milliseconds(1));
    co_return Address{world->server_host(), port};
  }

  std::uint16_t port = 0;
  std::unique_ptr<TestWorld> world;
};

#define KUMASIM_TWO_WORLDS(Suite)                                                  \
  INSTANTIATE_TEST_SUITE_P(Worlds, Suite, ::testing::Values("sim", "live"), \
                           [](const auto& info) { return std::string(info.param); })

}  // namespace kumasim::testing
