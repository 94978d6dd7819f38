/// Names of several processes on the simulated network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/world.hpp"

namespace kumasim::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;

asio::awaitable<void> accept(Runtime& runtime, int& accepted) {
  Listener listener = runtime.network.listen({"", 80});
  for (;;) {
    Stream stream = co_await listener.accept();
    ++accepted;
  }
}

/// Where each of so many connections went, else why it failed.
asio::awaitable<void> connect(Runtime& runtime, std::string host, int count, std::vector<std::string>& went) {
  for (int i = 0; i < count; ++i) {
    std::string to;
    try {
      Stream stream = co_await runtime.network.connect({host, 80});
      to = stream.remote().host;
    } catch (const boost::system::system_error& error) {
      to = error.code().message();
    }
    went.push_back(std::move(to));
  }
}

class Services : public ::testing::Test {
 protected:
  void SetUp() override { world_.network().add_service("shop", {&one_, &two_}); }
  void serve(Process& process) {
    process.start(
        [this](Runtime& runtime) { spawn(runtime.executor, runtime.log, "serve", accept(runtime, accepted_)); });
  }
  std::vector<std::string> connections(Process& client, const std::string& host, int count, Duration limit = 1s) {
    std::vector<std::string> went;
    client.start([&](Runtime& runtime) {
      spawn(runtime.executor, runtime.log, "connect", connect(runtime, host, count, went));
    });
    world_.run_for(limit);
    client.kill();
    return went;
  }

  World world_{{.seed = 1}};
  Process &one_ = world_.add_process("one"), &two_ = world_.add_process("two"), &client_ = world_.add_process("client"),
          &other_ = world_.add_process("other");
  int accepted_ = 0;
};

TEST_F(Services, SendEachConnectionOfAProcessToTheNextMember) {
  serve(one_);
  serve(two_);
  EXPECT_THAT(connections(client_, "shop", 3), ElementsAre(one_.address(), two_.address(), one_.address()));
  EXPECT_THAT(connections(other_, "shop", 3), ElementsAre(two_.address(), one_.address(), two_.address()));
  EXPECT_THAT(connections(client_, "shop", 1), ElementsAre(two_.address()))
      << "a new life goes on where the last ended";
  EXPECT_THAT(connections(client_, "one", 1), ElementsAre(one_.address())) << "other names are others'";
}

TEST_F(Services, PassOverWhoRefuses) {
  serve(one_);
  EXPECT_THAT(connections(client_, "shop", 2), ElementsAre(one_.address(), one_.address()));
  one_.kill();
  EXPECT_THAT(connections(client_, "shop", 1), ElementsAre("Connection refused"));
}

TEST_F(Services, DoNotPassOverWhoIsSilent) {
  serve(one_);
  serve(two_);
  world_.network().partition(client_, two_);
  EXPECT_THAT(connections(client_, "shop", 2, 10min), ElementsAre(one_.address(), "Connection timed out"));
}

TEST_F(Services, FollowAMemberThatMoves) {
  two_.move_to("10.9.9.9");
  serve(two_);
  EXPECT_THAT(connections(client_, "shop", 2), Each("10.9.9.9"));
}

TEST_F(Services, AreLookedUpAsOtherNames) {
  serve(one_);
  world_.network().add_lookup(client_,
                              std::make_shared<Lookup>(Lookup{.failure = asio::error::host_not_found, .name = "shop"}));
  EXPECT_THAT(connections(client_, "shop", 1), ElementsAre("Host not found (authoritative)"));
  EXPECT_THAT(connections(other_, "shop", 1), ElementsAre(one_.address()));
}

}  // namespace
}  // namespace kumasim::sim
