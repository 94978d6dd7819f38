/// What the code of a simulated process is handed.
#include "sim/kernel/life.hpp"

#include "kumasim/sim/world.hpp"

namespace kumasim::sim {
namespace {

class VirtualTimer final : public TimerImpl {
 public:
  explicit VirtualTimer(Context& context) : context_(context) {}
  ~VirtualTimer() override { cancel(); }

  void expires_at(MonotonicTime time) override {
    cancel();
    time_ = time;
  }

  void wait(Operation operation) override {
    auto& kernel = context_.kernel();
    auto slot = operation.slot;
    waiting_ = kernel.at(context_, time_, EventKind::timer, 0, std::move(operation.complete));
    kernel.bind(slot, waiting_);
  }

  void cancel() override { context_.kernel().cancel(waiting_); }

 private:
  Context& context_;
  MonotonicTime time_{};
  EventRef waiting_;
};

}  // namespace

WallTime VirtualClock::wall_now() const {
  auto& process = const_cast<Process&>(process_);
  return process.world().wall_now() + process.wall_offset();
}

MonotonicTime VirtualClock::now() const { return const_cast<Process&>(process_).world().now(); }

std::unique_ptr<TimerImpl> VirtualTimers::make_timer() { return std::make_unique<VirtualTimer>(context_); }

void ProcessLog::write(const LogRecord& record) { process_.world().write_log(process_, record); }

bool ProcessLog::enabled(LogLevel) const { return process_.world().logs(); }

Life::Life(Process& process, std::uint64_t seed)
    : random(seed),
      context(process.world().kernel(), process.id(), random),
      clock(process),
      timers(context),
      network(process.world().network(), context, process.address()),
      log(process),
      runtime{Executor(context), clock, random, timers, network, process.disk(), log} {}

Life::~Life() { end(); }

void Life::end() {
  context.mark_ended();
  context.drain();
  context.end_services();
  context.drain();
  kept.clear();
  context.drain();
}

}  // namespace kumasim::sim
