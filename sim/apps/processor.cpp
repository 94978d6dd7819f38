#include "sim/apps/processor.hpp"

#include <algorithm>

#include "kumasim/envoy/event_kind.hpp"

namespace kumasim::sim {
namespace {

constexpr std::uint32_t full_speed = 1'000'000;
constexpr Duration for_ever = std::chrono::hours(24 * 3650);

Duration at_most_for_ever(__int128 time) {
  return Duration(static_cast<std::int64_t>(std::min<__int128>(time, for_ever.count())));
}

}  // namespace

Processor::Processor(Process& process)
    : process_(process), since_(process.world().now()), before_(since_.time_since_epoch()) {}

void Processor::set_speed_ppm(std::uint32_t speed) {
  if (speed == speed_ppm_) return;
  before_ = done();
  since_ = process_.world().now();
  speed_ppm_ = speed;
  Kernel& kernel = process_.world().kernel();
  for (auto& [number, task] : tasks_) {
    if (kernel.waiting(task.event)) kernel.discard(task.event);
    arm(number, task);
  }
}

Duration Processor::done() const {
  auto time = static_cast<__int128>((process_.world().now() - since_).count());
  return before_ + Duration(static_cast<std::int64_t>(time * speed_ppm_ / full_speed));
}

void Processor::work(Duration work, std::function<void()> then) {
  auto [at, made] = tasks_.emplace(++last_, Task{done() + work, std::move(then)});
  arm(at->first, at->second);
}

/// Rounded up: when the event comes, the work is done.
void Processor::arm(std::uint64_t number, Task& task) {
  task.event = {};
  if (speed_ppm_ == 0) return;
  auto rest = static_cast<__int128>(std::max(task.due - before_, Duration(0)).count());
  auto due = since_ + at_most_for_ever((rest * full_speed + speed_ppm_ - 1) / speed_ppm_);
  World& world = process_.world();
  task.event = world.kernel().at(process_.context(), std::max(due, world.now()), TrafficKind::wait, 0,
                                 [this, number](error_code, std::size_t) {
                                   auto then = std::move(tasks_.extract(number).mapped().then);
                                   then();
                                 });
}

Duration stretched(Duration time, std::uint64_t factor) {
  return at_most_for_ever(static_cast<__int128>(time.count()) * factor);
}

}  // namespace kumasim::sim
