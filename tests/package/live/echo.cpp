/// The same kind of code live: a server and its client on this machine's loopback.
#include <iostream>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <kumasim/runtime/task.hpp>
#include <reference-cp/live/live_runtime.hpp>

using namespace kumasim;

asio::awaitable<void> answer(Listener& listener) {
  auto stream = co_await listener.accept();
  std::string text(8, ' ');
  co_await asio::async_read(stream, asio::buffer(text), asio::use_awaitable);
  co_await asio::async_write(stream, asio::buffer(text), asio::use_awaitable);
}

asio::awaitable<void> ask(Runtime& runtime, std::uint16_t port, std::string& text) {
  auto stream = co_await runtime.network.connect({"127.0.0.1", port});
  co_await asio::async_write(stream, asio::buffer(text), asio::use_awaitable);
  text.assign(text.size(), ' ');
  co_await asio::async_read(stream, asio::buffer(text), asio::use_awaitable);
}

int main() {
  live::LiveRuntime live;
  Runtime& runtime = live.runtime();
  std::string text = "question";
  auto listener = runtime.network.listen({"127.0.0.1", 0});
  spawn(runtime.executor, runtime.log, "server", answer(listener));
  spawn(runtime.executor, runtime.log, "client", ask(runtime, listener.port(), text));
  live.run();
  std::cout << text << "\n";
}
