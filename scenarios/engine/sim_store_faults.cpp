/// Faults of the simulated control plane's store.
#include <algorithm>

#include "scenarios/engine/sim_faults.hpp"

namespace kumasim::scenario {

/// What all of them come to together; of two of one kind the worse counts.
void SimFaults::set_store_faults(Active&, const FaultOrder& part) {
  if (part.kind->name == "view.intermediate") writes_[part.id] = 0;
  for (const std::string& name : part.processes) hooks_.set_store_faults(name, store_faults_of(name));
}

StoreFaults SimFaults::store_faults_of(const std::string& name) {
  StoreFaults faults;
  for (const auto& [id, active] : active_) {
    const FaultOrder& order = active.order;
    std::string_view kind = order.kind->name;
    if (!order.kind->stores || !order.touches(name)) continue;
    auto share = order.has("share") ? static_cast<std::uint32_t>(order.number("share")) : 0;
    Duration late = order.has("late") ? order.duration("late") : Duration(0);
    if (kind == "store.staleRead") faults.reads_late = std::max(faults.reads_late, late);
    if (kind == "store.conflict") faults.conflict_ppm = std::max(faults.conflict_ppm, share);
    if (kind == "store.txnAbort") faults.aborted_ppm = std::max(faults.aborted_ppm, share);
    if (kind == "store.webhookRejects") faults.denied_ppm = std::max(faults.denied_ppm, share);
    if (kind == "store.poolExhausted")
      faults.no_connection_for = std::max(faults.no_connection_for.value_or(Duration(0)), order.duration("wait"));
    if (kind == "view.stale") faults.told_late = std::max(faults.told_late, late);
    if (kind == "view.unobserved") faults.unobserved_ppm = std::max(faults.unobserved_ppm, share);
    if (kind == "view.intermediate") faults.dies = [this, id] { return count_write(id); };
  }
  return faults;
}

bool SimFaults::count_write(std::uint64_t id) {
  const FaultOrder& order = active_.at(id).order;
  if (++writes_[id] < order.number("writes")) return false;
  writes_[id] = 0;
  start_anew(order.processes.front(), id);
  return true;
}

}  // namespace kumasim::scenario
