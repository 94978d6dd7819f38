/// Messages as bytes of simulated streams between two processes, with the wrapper for faults around both of their
/// networks, and without; awaited with and without a coroutine frame for each operation.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>

#include <boost/asio/deferred.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "kumasim/fault/faulty_network.hpp"
#include "kumasim/runtime/runtime.hpp"
#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/world.hpp"

namespace kumasim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t port = 7;
using Message = std::array<char, 64>;

/// A process's network, with faults that could strike where it is wrapped.
struct Part {
  Part(Runtime& runtime, bool wrapped)
      : faulty(runtime.network, runtime.timers, faults), network(wrapped ? faulty : runtime.network) {}
  fault::NetworkFaults faults;
  fault::FaultyNetwork faulty;
  Network& network;
};

template <class Token>
asio::awaitable<void> answer(Stream stream, Token token) {
  Message message;
  for (;;) {
    co_await asio::async_read(stream, asio::buffer(message), token);
    co_await asio::async_write(stream, asio::buffer(message), token);
  }
}

template <class Token>
asio::awaitable<void> serve(Runtime& runtime, std::shared_ptr<Part> part, Token token) {
  auto listener = part->network.listen({"", port});
  for (;;) spawn(runtime.executor, runtime.log, "answer", answer(co_await listener.accept(), token));
}

template <class Token>
asio::awaitable<void> ask(std::shared_ptr<Part> part, std::int64_t& messages, Token token) {
  auto stream = co_await part->network.connect({"b", port});
  Message message{};
  for (;;) {
    co_await asio::async_write(stream, asio::buffer(message), token);
    co_await asio::async_read(stream, asio::buffer(message), token);
    messages += 2;
  }
}

/// `range` connections, on each a message and its answer in turn.
template <class Token>
void run(benchmark::State& state, bool wrapped, Token token) {
  std::int64_t messages = 0;
  sim::World world;
  auto& a = world.add_process("a");
  auto& b = world.add_process("b");
  b.start([&](Runtime& runtime) {
    auto part = std::make_shared<Part>(runtime, wrapped);
    b.keep(part);
    spawn(runtime.executor, runtime.log, "serve", serve(runtime, part, token));
  });
  a.start([&](Runtime& runtime) {
    auto part = std::make_shared<Part>(runtime, wrapped);
    a.keep(part);
    for (auto i = state.range(0); i > 0; --i) spawn(runtime.executor, runtime.log, "ask", ask(part, messages, token));
  });
  world.run_until(MonotonicTime(1s));
  auto end = MonotonicTime(Duration::max());
  constexpr std::int64_t batch = 10'000;
  auto events = world.events();
  std::int64_t made = 0;
  for (auto _ : state) {
    auto before = messages;
    while (messages < before + batch) world.kernel().step(end);
    made += messages - before;
  }
  state.SetItemsProcessed(made);
  state.counters["events_each"] = static_cast<double>(world.events() - events) / static_cast<double>(made);
}

void stream_messages(benchmark::State& state) { run(state, true, asio::use_awaitable); }
BENCHMARK(stream_messages)->Arg(1)->Arg(100);

void stream_messages_unwrapped(benchmark::State& state) { run(state, false, asio::use_awaitable); }
BENCHMARK(stream_messages_unwrapped)->Arg(1)->Arg(100);

/// The coroutine awaits the operation itself: no frame for each.
void stream_messages_deferred(benchmark::State& state) { run(state, true, asio::deferred); }
BENCHMARK(stream_messages_deferred)->Arg(1)->Arg(100);

}  // namespace
}  // namespace kumasim
