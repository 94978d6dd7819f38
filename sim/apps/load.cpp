#include "sim/apps/load.hpp"

#include "kumasim/envoy/event_kind.hpp"
#include "sim/apps/law.hpp"

namespace kumasim::sim {

struct Load::State : std::enable_shared_from_this<Load::State> {
  State(proxy::Fabric& fabric, Process& p, LoadOptions o, CallSink s)
      : client(fabric, p), process(p), options(std::move(o)), sink(std::move(s)) {}

  void next(Duration delay) {
    process.world().post(process, delay, TrafficKind::wait, started, [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->fire();
    });
  }

  void fire() {
    if (stopped || (options.duration > Duration::zero() && process.world().now() >= end)) return;
    ++started;
    client.call(options.call, sink);
    auto interval = Duration(
        static_cast<std::int64_t>(1'000'000'000'000ull / std::max<std::uint64_t>(options.per_second_milli, 1)));
    next(options.law == LoadOptions::Law::poisson ? draw_exponential(interval, process.runtime().random) : interval);
  }

  Client client;
  Process& process;
  LoadOptions options;
  CallSink sink;
  MonotonicTime end = {};
  std::uint64_t started = 0;
  bool stopped = false;
};

Load::Load(proxy::Fabric& fabric, Process& process, LoadOptions options, CallSink sink)
    : state_(std::make_shared<State>(fabric, process, std::move(options), std::move(sink))) {
  state_->end = process.world().now() + state_->options.start_after + state_->options.duration;
  state_->next(state_->options.start_after);
}

Load::~Load() = default;
std::uint64_t Load::started() const { return state_->started; }
void Load::set_rate(std::uint64_t per_second_milli) { state_->options.per_second_milli = per_second_milli; }
void Load::stop() { state_->stopped = true; }

}  // namespace kumasim::sim
