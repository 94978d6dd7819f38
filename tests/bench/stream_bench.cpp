/// Messages as bytes of simulated streams between two processes, with the wrapper for faults around both of their
/// networks.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>

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

/// A process's network with faults that could strike.
struct Faulty {
  explicit Faulty(Runtime& runtime) : network(runtime.network, runtime.timers, faults) {}
  fault::NetworkFaults faults;
  fault::FaultyNetwork network;
};

asio::awaitable<void> answer(Stream stream) {
  Message message;
  for (;;) {
    co_await asio::async_read(stream, asio::buffer(message), asio::use_awaitable);
    co_await asio::async_write(stream, asio::buffer(message), asio::use_awaitable);
  }
}

asio::awaitable<void> serve(Runtime& runtime, std::shared_ptr<Faulty> faulty) {
  auto listener = faulty->network.listen({"", port});
  for (;;) spawn(runtime.executor, runtime.log, "answer", answer(co_await listener.accept()));
}

asio::awaitable<void> ask(std::shared_ptr<Faulty> faulty, std::int64_t& messages) {
  auto stream = co_await faulty->network.connect({"b", port});
  Message message{};
  for (;;) {
    co_await asio::async_write(stream, asio::buffer(message), asio::use_awaitable);
    co_await asio::async_read(stream, asio::buffer(message), asio::use_awaitable);
    messages += 2;
  }
}

/// `range` connections, on each a message and its answer in turn.
void stream_messages(benchmark::State& state) {
  std::int64_t messages = 0;
  sim::World world;
  auto& a = world.add_process("a");
  auto& b = world.add_process("b");
  b.start([&](Runtime& runtime) {
    auto faulty = std::make_shared<Faulty>(runtime);
    b.keep(faulty);
    spawn(runtime.executor, runtime.log, "serve", serve(runtime, faulty));
  });
  a.start([&](Runtime& runtime) {
    auto faulty = std::make_shared<Faulty>(runtime);
    a.keep(faulty);
    for (auto i = state.range(0); i > 0; --i) spawn(runtime.executor, runtime.log, "ask", ask(faulty, messages));
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
BENCHMARK(stream_messages)->Arg(1)->Arg(100);

}  // namespace
}  // namespace kumasim
