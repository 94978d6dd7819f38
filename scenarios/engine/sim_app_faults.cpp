/// Faults of simulated applications.
#include <algorithm>

#include "scenarios/engine/law.hpp"
#include "scenarios/engine/sim_faults.hpp"

namespace kumasim::scenario {
namespace {

void add(const FaultOrder& order, MonotonicTime began, sim::InstanceFaults& out) {
  std::string_view kind = order.kind->name;
  auto parts = [&](std::string_view parameter) { return static_cast<std::uint32_t>(order.number(parameter)); };
  if (kind == "app.errorRate") out.errors_ppm = parts("rate");
  if (kind == "app.latency") out.latency = to_sim(order.law("delay"));
  if (kind == "app.brownout") out.brownout = {parts("fraction"), parts("factor")};
  if (kind == "app.slow") out.speed_ppm = std::min(out.speed_ppm, 1'000'000 - parts("by"));
  if (kind == "app.blackHole") out.black_hole = true;
  if (kind == "app.healthLies") out.says_healthy = order.word("says") == "healthy";
  if (kind == "app.slowStart") out.slow_start = {parts("factor"), order.duration("over"), began};
}

}  // namespace

/// Of two faults of one kind the later one counts; of two cuts the deeper one.
void SimFaults::set_app_faults(Active&, const FaultOrder& part) {
  for (const std::string& name : part.processes) {
    sim::InstanceFaults faults;
    for (const auto& [id, active] : active_) {
      if (active.order.kind->applications && active.order.touches(name)) add(active.order, active.began, faults);
    }
    hooks_.set_app_faults(name, faults);
  }
}

}  // namespace kumasim::scenario
