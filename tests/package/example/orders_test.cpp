/// A server that numbers orders, and its client, over plain Asio streams: which replies does a partition lose?
#include <map>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <kumasim/runtime/task.hpp>
#include <kumasim/testing/simulate.hpp>

using namespace kumasim;
using namespace kumasim::testing;
using namespace std::chrono_literals;

/// A line each way: the name of an order, its number. An order that is sent again is no new one.
asio::awaitable<void> session(Stream stream, std::map<std::string, int>& numbers) {
  std::string line;
  co_await asio::async_read_until(stream, asio::dynamic_buffer(line), '\n', asio::use_awaitable);
  line = std::to_string(numbers.try_emplace(line, numbers.size() + 1).first->second) + "\n";
  co_await asio::async_write(stream, asio::buffer(line), asio::use_awaitable);
}

asio::awaitable<void> serve(Runtime& runtime, std::map<std::string, int>& numbers) {
  auto listener = runtime.network.listen({"", 7000});
  for (;;) spawn(runtime.executor, runtime.log, "session", session(co_await listener.accept(), numbers));
}

asio::awaitable<std::string> order(Runtime& runtime, std::string line) {
  auto stream = co_await runtime.network.connect({"server", 7000});
  co_await asio::async_write(stream, asio::buffer(line), asio::use_awaitable);
  line.clear();
  co_await asio::async_read_until(stream, asio::dynamic_buffer(line), '\n', asio::use_awaitable);
  co_return line;
}

asio::awaitable<void> client(Runtime& runtime, int tries, std::string& replies) {
  for (char name = 'a'; name <= 'e'; ++name, co_await sleep(runtime.timers, 1s))
    for (int i = 0; i < tries; ++i)
      if (auto reply = co_await with_timeout(runtime.timers, 2s, order(runtime, {name, '\n'}))) {
        replies += *reply;
        break;
      }
}

void every_order_is_answered(int tries) {
  auto partitions = fault_plans({.processes = {"client", "server"}, .kinds = {Fault::Kind::partition}});
  simulate(partitions, [tries](Simulation& sim) {
    std::map<std::string, int> numbers;
    std::string replies;
    sim.start("server", [&](Runtime& runtime) { return serve(runtime, numbers); });
    sim.start("client", [&](Runtime& runtime) { return client(runtime, tries, replies); });
    sim.run_for(120s);
    EXPECT_EQ(replies, "1\n2\n3\n4\n5\n");
  });
}
TEST(Orders, AreAnsweredWhereTheClientTriesOnce) { every_order_is_answered(1); }  // fails: a reply is lost
TEST(Orders, AreAnsweredWhereTheClientTriesOn) { every_order_is_answered(100); }
