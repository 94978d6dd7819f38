/// Two network namespaces and the switch between them: what is sent is late or lost as it is told. Needs root and
/// ip(8).
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/live/ethernet_switch.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/live/net_namespace.hpp"
#include "reference-cp/live/tcp.hpp"

namespace kumasim::live {
namespace {

using namespace std::chrono_literals;

class Switched : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
    switch_ = std::make_unique<EthernetSwitch>([this](const EthernetSwitch::Passing&) -> EthernetSwitch::Fate {
      ++frames_;
      if (hold_) return {.kind = EthernetSwitch::Fate::Kind::held};
      if (lost_every_ > 0 && frames_ % lost_every_ == 0) return {.kind = EthernetSwitch::Fate::Kind::lost};
      return {.delay = delay_};
    });
    for (int i = 1; i <= 2; ++i) {
      auto made = NetNamespace::create();
      if (!made) GTEST_SKIP() << made.error().message;
      auto& space = *spaces_.emplace_back(std::make_unique<NetNamespace>(std::move(*made)));
      networks_.push_back(std::make_unique<TcpNetwork>(live_.context(), &space));
      if (auto added = switch_->add_port(space, "eth0"); !added) GTEST_SKIP() << added.error().message;
      NetNamespace::Inside inside(&space);
      std::string up =
          "PATH=$PATH:/usr/sbin; ip addr add 10.9.0." + std::to_string(i) + "/24 dev eth0 && ip link set eth0 up";
      int status = std::system(up.c_str());
      if (WIFEXITED(status) && WEXITSTATUS(status) == 127) GTEST_SKIP() << "there is no ip(8)";
      ASSERT_EQ(status, 0) << up;
    }
  }

  asio::awaitable<void> echo(Listener& listener, std::size_t size) {
    Stream stream = co_await listener.accept();
    std::string text(size, ' ');
    co_await asio::async_read(stream, asio::buffer(text), asio::use_awaitable);
    co_await asio::async_write(stream, asio::buffer(text), asio::use_awaitable);
  }

  /// What comes back of `text` from the other namespace, and how long that takes once it is connected.
  asio::awaitable<void> send(std::string text, std::uint16_t port, std::string& back, Duration& took) {
    Stream stream = co_await networks_[0]->connect({"10.9.0.2", port});
    MonotonicTime begin = live_.runtime().clock.now();
    co_await asio::async_write(stream, asio::buffer(text), asio::use_awaitable);
    back.resize(text.size());
    co_await asio::async_read(stream, asio::buffer(back), asio::use_awaitable);
    took = live_.runtime().clock.now() - begin;
  }

  /// `meanwhile`: each 20 ms until it is back.
  Duration there_and_back(const std::string& text, const std::function<void()>& meanwhile = [] {}) {
    switch_->start();
    Listener listener = networks_[1]->listen({"10.9.0.2", 0});
    std::string back;
    Duration took{};
    spawn(live_.runtime().executor, live_.log(), "echo", echo(listener, text.size()));
    spawn(live_.runtime().executor, live_.log(), "send", send(text, listener.port(), back, took));
    for (int i = 0; i < 1000 && took == Duration(0); ++i) {
      live_.context().run_for(20ms);
      meanwhile();
    }
    EXPECT_EQ(back == text, true);
    switch_.reset();
    return took;
  }

  Duration delay_{};
  std::uint64_t lost_every_ = 0;
  std::atomic<std::uint64_t> frames_ = 0;
  bool hold_ = false;  // of the switch's thread once that runs
  LiveRuntime live_;
  std::vector<std::unique_ptr<NetNamespace>> spaces_;
  std::vector<std::unique_ptr<TcpNetwork>> networks_;
  std::unique_ptr<EthernetSwitch> switch_;
};

TEST_F(Switched, FramesAreAsLateAsTheyAreToldToBe) {
  delay_ = 50ms;
  Duration took = there_and_back("hello");
  EXPECT_GE(took, 100ms);
  EXPECT_LT(took, 5s);
}

TEST_F(Switched, WhatIsLostIsSentAgain) {
  lost_every_ = 10;
  std::string text;
  for (int i = 0; text.size() < 50'000; ++i) text += std::to_string(i) + " ";
  EXPECT_GT(there_and_back(text), Duration(0));
  EXPECT_GT(frames_, 30u);
}

TEST_F(Switched, WhatIsHeldArrivesOnceItIsReleased) {
  hold_ = true;
  int ticks = 0;
  std::uint64_t held = 0;
  Duration took = there_and_back("hello", [&] {
    if (++ticks != 5) return;
    held = frames_;
    switch_->post([this] {
      hold_ = false;
      for (std::size_t from : {0u, 1u}) switch_->release(from, 1 - from);
    });
  });
  EXPECT_GE(ticks, 5);
  EXPECT_GE(held, 1u) << "the request for a connection";
  EXPECT_LT(took, 5s);
}

}  // namespace
}  // namespace kumasim::live
