/// Real sockets of two processes of a scenario, each in a network namespace, and the links between them. Needs root and
/// ip(8).
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "kumasim/runtime/task.hpp"
#include "kumasim/scenario/plan.hpp"
#include "reference-cp/live/child_process.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "scenarios/live/live_links.hpp"
#include "scenarios/live/namespaces.hpp"
#include "tests/scenarios/scenario_texts.hpp"

namespace kumasim::scenario {

using namespace std::chrono_literals;

inline constexpr const char* two = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: two}
spec:
  duration: 60s
  topology: {services: [{name: web, calls: [backend]}, {name: backend}]}
  load: [{from: web, to: backend, rate: 10/s}]
  expect: [{always: no-plaintext}]
  faults:
  - )";

/// A connection of web-0 to backend-0, which sends back what it reads.
struct Talk {
  std::optional<Stream> stream;
  error_code failed;  // of connecting, or of what was read last
  std::string back;
  Duration took{};
};

class LinksBed : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
    if (auto space = live::NetNamespace::create(); !space) GTEST_SKIP() << space.error().message;
    if (::access("/dev/net/tun", R_OK | W_OK) != 0) GTEST_SKIP() << "there is no /dev/net/tun";
    if (!live::find_program("ip") && !std::filesystem::exists("/usr/sbin/ip")) GTEST_SKIP() << "there is no ip(8)";
    std::string pattern = (std::filesystem::temp_directory_path() / "klinks-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  /// The two processes, and faults that are not in force yet.
  void make(const std::string& fault) {
    scenario_ = must_load(load_scenario(two + fault + "\n", "two.yaml"));
    for (const Action& action : make_plan(scenario_, 1).actions) {
      if (action.kind == Action::Kind::begin) orders_.push_back(action.order);
    }
    links_ = std::make_unique<LiveLinks>(scenario_, 1);
    auto made =
        Namespaces::create(live_.runtime(), live_.context(), scenario_.processes(), folder_, &links_->ethernet());
    ASSERT_TRUE(made) << made.error().message;
    spaces_ = std::move(*made);
    listener_ = server().network.listen({spaces_->address("backend-0"), 0});
    spawn(live_.runtime().executor, live_.log(), "accept", accept());
  }
  void begin(std::size_t which = 0) { links_->begin(orders_.at(which), live_.runtime().clock.now()); }
  void end() { links_->end(orders_.at(0)); }

  bool until(const std::function<bool()>& holds, Duration limit = 10s) {
    MonotonicTime last = live_.runtime().clock.now() + limit;
    while (!holds() && live_.runtime().clock.now() < last) live_.context().run_for(5ms);
    return holds();
  }

  Talk& connect() {
    Talk& talk = *talks_.emplace_back(std::make_unique<Talk>());
    spawn(live_.runtime().executor, live_.log(), "connect", connect(talk));
    return talk;
  }
  Talk& connected() {
    Talk& talk = connect();
    EXPECT_TRUE(until([&] { return talk.stream.has_value(); })) << talk.failed.message();
    return talk;
  }
  void say(Talk& talk, std::string text) {
    talk.back.clear();
    spawn(live_.runtime().executor, live_.log(), "say", exchange(talk, std::move(text)));
  }
  /// How long it took to come back.
  Duration echo(Talk& talk, const std::string& text = "hello") {
    say(talk, text);
    EXPECT_TRUE(until([&] { return talk.back.size() == text.size() || talk.failed; })) << talk.back.size();
    EXPECT_FALSE(talk.failed) << talk.failed.message();
    return talk.took;
  }

  std::vector<error_code> server_failed_;  // with which its connections ended

 private:
  Runtime& server() { return spaces_->runtime("backend-0"); }

  asio::awaitable<void> accept() {
    while (true) spawn(live_.runtime().executor, live_.log(), "serve", serve(co_await listener_.accept()));
  }
  asio::awaitable<void> serve(Stream stream) {
    std::array<char, 4096> bytes;
    error_code failed;
    while (!failed) {
      std::size_t size =
          co_await stream.async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, failed));
      if (!failed)
        co_await asio::async_write(stream, asio::buffer(bytes, size),
                                   asio::redirect_error(asio::use_awaitable, failed));
    }
    server_failed_.push_back(failed);
  }
  asio::awaitable<void> connect(Talk& talk) {
    try {
      talk.stream =
          co_await spaces_->runtime("web-0").network.connect({spaces_->address("backend-0"), listener_.port()});
    } catch (const boost::system::system_error& error) {
      talk.failed = error.code();
    }
  }
  asio::awaitable<void> exchange(Talk& talk, std::string text) {
    MonotonicTime began = live_.runtime().clock.now();
    if (!text.empty())
      co_await asio::async_write(*talk.stream, asio::buffer(text),
                                 asio::redirect_error(asio::use_awaitable, talk.failed));
    std::string back(std::max<std::size_t>(text.size(), 1), ' ');
    if (!talk.failed)
      co_await asio::async_read(*talk.stream, asio::buffer(back),
                                asio::redirect_error(asio::use_awaitable, talk.failed));
    talk.took = live_.runtime().clock.now() - began;
    if (!talk.failed) talk.back = std::move(back);
  }

  std::filesystem::path folder_;
  live::LiveRuntime live_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{live_.context().get_executor()};
  Scenario scenario_;
  std::vector<FaultOrder> orders_;
  std::unique_ptr<LiveLinks> links_;
  std::unique_ptr<Namespaces> spaces_;
  Listener listener_;
  std::vector<std::unique_ptr<Talk>> talks_;
};

}  // namespace kumasim::scenario
