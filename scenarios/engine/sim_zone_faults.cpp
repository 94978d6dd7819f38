/// Faults between simulated zones and Global.
#include <algorithm>

#include "scenarios/engine/sim_faults.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration flap_least = std::chrono::milliseconds(10);

}  // namespace

void SimFaults::drop_streams(Active&, const FaultOrder& part) {
  for (const std::string& name : part.processes) hooks_.drop_streams(name, part.word("stream"));
}

void SimFaults::remove_zones(Active&, const FaultOrder& part) {
  for (const std::string& name : part.processes) hooks_.remove_zone(name, "");
}

std::string SimFaults::renamed(const std::string& name) const { return hooks_.zone_of(name) + "-renamed"; }

void SimFaults::rename_zones(Active& active, const FaultOrder& part) { restart_as(active, part); }

void SimFaults::name_zones_again(Active& active, const FaultOrder& part) {
  restart_as(active, part);
  for (const std::string& name : part.processes)
    if (override_of(name) != "KUMA_MULTIZONE_ZONE_NAME=" + renamed(name)) hooks_.remove_zone(name, renamed(name));
}

void SimFaults::set_refused_policy(Active&, const FaultOrder& part) {
  bool there = false;
  for (const auto& [id, active] : active_)
    there = there || (active.order.kind == part.kind && !active.order.processes.empty());
  hooks_.set_refused_policy(there);
}

void SimFaults::reconnect_elsewhere(Active&, const FaultOrder& part) {
  for (const std::string& name : part.processes)
    for (const std::string& replica : hooks_.replicas_of_global())
      world_.network().reset(process(name), process(replica));
}

void SimFaults::flap_leader(Active& active, const FaultOrder&) { flap_again(active.order.id); }

void SimFaults::flap_again(std::uint64_t id) {
  auto found = active_.find(id);
  if (found == active_.end()) return;
  const FaultOrder& order = found->second.order;
  for (const std::string& name : order.processes) hooks_.take_lease(name);
  world_.schedule_after(std::max(order.duration("period"), flap_least), [this, id] { flap_again(id); });
}

}  // namespace kumasim::scenario
