/// The event kernel alone: the hold model (each event schedules the next one) and messages between two processes.
#include <benchmark/benchmark.h>

#include "kumasim/sim/world.hpp"

namespace kumasim {
namespace {

using namespace std::chrono_literals;

constexpr auto user = sim::user_kind(0);

/// `pending` events at any time; each runs, draws an exponential-like distance and schedules its successor. Fingerprint
/// on.
void hold(benchmark::State& state) {
  struct Hold {
    sim::World world;
    sim::Process* process = nullptr;
    sim::SeededRandom random{7};
    void next() {
      auto delay = Duration(static_cast<std::int64_t>(1 + random.below(2'000'000)));
      world.kernel().at(process->context(), world.now() + delay, user, random.next(), Again{this});
    }
    struct Again {
      Hold* hold;
      void operator()(error_code, std::size_t) { hold->next(); }
    };
  };
  Hold hold;
  hold.process = &hold.world.add_process("p");
  hold.process->start([](Runtime&) {});
  hold.world.run_until(MonotonicTime(1ns));
  for (auto i = state.range(0); i > 0; --i) hold.next();
  auto end = MonotonicTime(Duration::max());
  constexpr std::int64_t batch = 10'000;
  for (auto _ : state)
    for (std::int64_t i = 0; i < batch; ++i) hold.world.kernel().step(end);
  state.SetItemsProcessed(state.iterations() * batch);
  benchmark::DoNotOptimize(hold.world.fingerprint());
}
BENCHMARK(hold)->Arg(100)->Arg(10'000)->Arg(1'000'000);

/// Two processes on one link send messages back and forth, `range` of them under way.
void messages(benchmark::State& state) {
  struct Pair {
    sim::World world;
    sim::Process* ends[2] = {&world.add_process("a"), &world.add_process("b")};
    void send(int from) {
      world.send(*ends[from], *ends[1 - from], user, 1, [this, from] { send(1 - from); });
    }
  };
  Pair pair;
  for (auto* end : pair.ends) end->start([](Runtime&) {});
  pair.world.run_until(MonotonicTime(1ns));
  for (auto i = state.range(0); i > 0; --i) pair.send(0);
  auto end = MonotonicTime(Duration::max());
  constexpr std::int64_t batch = 10'000;
  for (auto _ : state)
    for (std::int64_t i = 0; i < batch; ++i) pair.world.kernel().step(end);
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(messages)->Arg(1)->Arg(1000);

}  // namespace
}  // namespace kumasim
