/// A name of several processes, on the simulated network.
#include "scenarios/engine/service_network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/world.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

asio::awaitable<void> accept(Runtime& runtime, int& accepted) {
  Listener listener = runtime.network.listen({"", 80});
  for (;;) {
    Stream stream = co_await listener.accept();
    ++accepted;
  }
}

/// Where each of so many connections went, "-" for nowhere.
asio::awaitable<void> connect(Runtime& runtime, std::string host, int count, std::vector<std::string>& went) {
  ServiceNetwork network(runtime.network, {"shop", {"one", "two"}, 1});
  for (int i = 0; i < count; ++i) {
    std::string to = "-";
    try {
      Stream stream = co_await network.connect({host, 80});
      to = stream.remote().host;
    } catch (const boost::system::system_error&) {
    }
    went.push_back(std::move(to));
  }
}

class ServiceNetworks : public ::testing::Test {
 protected:
  void serve(sim::Process& process) {
    process.start(
        [this](Runtime& runtime) { spawn(runtime.executor, runtime.log, "serve", accept(runtime, accepted_)); });
  }
  std::vector<std::string> connections(const std::string& host, int count) {
    std::vector<std::string> went;
    client_.start([&](Runtime& runtime) {
      spawn(runtime.executor, runtime.log, "connect", connect(runtime, host, count, went));
    });
    world_.run_for(1s);
    client_.kill();
    return went;
  }

  sim::World world_{{.seed = 1}};
  sim::Process &client_ = world_.add_process("client"), &one_ = world_.add_process("one"),
               &two_ = world_.add_process("two");
  int accepted_ = 0;
};

TEST_F(ServiceNetworks, SendEachConnectionToTheNextProcess) {
  serve(one_);
  serve(two_);
  EXPECT_THAT(connections("shop", 3), ElementsAre(two_.address(), one_.address(), two_.address()));
  EXPECT_THAT(connections("one", 1), ElementsAre(one_.address())) << "other names are others'";
}

TEST_F(ServiceNetworks, PassOverWhoRefuses) {
  serve(one_);
  EXPECT_THAT(connections("shop", 2), ElementsAre(one_.address(), one_.address()));
  one_.kill();
  EXPECT_THAT(connections("shop", 1), ElementsAre("-"));
}

}  // namespace
}  // namespace kumasim::scenario
