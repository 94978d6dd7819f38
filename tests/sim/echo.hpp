/// An echo service and its client, and a count of coroutine frames, for tests of the simulated world.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/world.hpp"

namespace kumasim::testing {

using namespace std::chrono_literals;

/// Lives in coroutine frames; what is left of them when a world is gone has leaked.
struct Counted {
  static inline int alive = 0;
  Counted() { ++alive; }
  Counted(const Counted&) = delete;
  ~Counted() { --alive; }
};

inline asio::awaitable<void> echo_session(Stream stream) {
  Counted counted;
  char bytes[4096];
  for (;;) {
    auto count = co_await stream.async_read_some(asio::buffer(bytes));
    co_await asio::async_write(stream, asio::buffer(bytes, count), asio::use_awaitable);
  }
}

inline asio::awaitable<void> echo_server(Runtime& runtime, std::uint16_t port = 7) {
  Counted counted;
  auto listener = runtime.network.listen({"", port});
  for (;;) {
    auto stream = co_await listener.accept();
    spawn(runtime.executor, runtime.log, "echo", echo_session(std::move(stream)));
  }
}

inline void start_echo(sim::Process& process) {
  process.start([](Runtime& runtime) { spawn(runtime.executor, runtime.log, "server", echo_server(runtime)); });
}

/// A client that sends `rounds` messages, one each `pause`, and writes down how it ended and when.
struct EchoClient {
  std::string host;
  int rounds = 1;
  Duration pause = 1s;
  std::size_t bytes = 1000;
  std::vector<std::string>* journal = nullptr;
};

inline asio::awaitable<void> echo_client(Runtime& runtime, EchoClient client) {
  Counted counted;
  std::string outcome = "ok";
  try {
    auto stream = co_await runtime.network.connect({client.host, 7});
    std::string message(client.bytes, 'q'), answer(client.bytes, ' ');
    for (int round = 0; round < client.rounds; ++round) {
      co_await asio::async_write(stream, asio::buffer(message), asio::use_awaitable);
      co_await asio::async_read(stream, asio::buffer(answer), asio::use_awaitable);
      if (answer != message) outcome = "corrupt";
      co_await sleep(runtime.timers, client.pause);
    }
  } catch (const boost::system::system_error& error) {
    outcome = error.code().message();
  }
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(runtime.clock.now().time_since_epoch());
  client.journal->push_back(outcome + " at " + std::to_string(seconds.count()) + "s");
}

inline void start_client(sim::Process& process, EchoClient client) {
  process.start(
      [client](Runtime& runtime) { spawn(runtime.executor, runtime.log, "client", echo_client(runtime, client)); });
}

inline MonotonicTime at(Duration time) { return MonotonicTime(time); }

}  // namespace kumasim::testing
