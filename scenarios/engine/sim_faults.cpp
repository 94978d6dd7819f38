/// Links, connections and names; processes and clocks are in sim_process_faults.cpp.
#include "scenarios/engine/sim_faults.hpp"

#include <algorithm>
#include <cassert>

#include "scenarios/engine/law.hpp"
#include "scenarios/engine/link_faults.hpp"
#include "sim/envoy/data/fabric.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration idle_sweep = std::chrono::seconds(1);
constexpr Duration stampede_least = std::chrono::milliseconds(10);

/// Each two processes once.
std::set<Way> pairs(const std::vector<Way>& ways) {
  std::set<Way> out;
  for (const Way& way : ways) out.insert(way.from < way.to ? way : Way{way.to, way.from});
  return out;
}

}  // namespace

const std::map<std::string_view, SimFaults::Acts>& SimFaults::acts() {
  using F = SimFaults;
  static const std::map<std::string_view, Acts> all{
      {"net.delay", {&F::relink, &F::relink}},
      {"net.loss", {&F::relink, &F::relink}},
      {"net.rate", {&F::relink, &F::relink}},
      {"net.corrupt", {&F::relink, &F::relink}},
      {"net.partition", {&F::cut, &F::heal}},
      {"net.clog", {&F::clog, &F::release}},
      {"tcp.reset", {&F::reset}},
      {"tcp.halfOpen", {&F::silence}},
      {"tcp.refuse", {&F::close_doors, &F::open_doors}},
      {"tcp.hang", {&F::close_doors, &F::open_doors}},
      {"tcp.slice", {&F::relink, &F::relink}},
      {"tcp.idleKill", {&F::watch_idle, &F::forget}},
      {"tcp.slowClose", {&F::relink, &F::relink}},
      {"dns.error", {&F::look_up, &F::look_up_again}},
      {"dns.slow", {&F::look_up, &F::look_up_again}},
      {"dns.stale", {&F::look_up, &F::look_up_again}},
      {"dns.removedLate", {&F::look_up, &F::look_up_again}},
      {"proc.kill", {&F::kill, &F::start}},
      {"proc.stop", {&F::stop, &F::start}},
      {"proc.restart", {&F::restart}},
      {"proc.wipe", {&F::wipe}},
      {"proc.restartAs", {&F::restart_as, &F::restart_as}},
      {"proc.newAddress", {&F::move}},
      {"proc.pause", {&F::pause, &F::resume}},
      {"proc.slow", {&F::slow, &F::hasten}},
      {"disk.eio", {&F::set_disk_faults, &F::set_disk_faults}},
      {"disk.enospc", {&F::set_disk_faults, &F::set_disk_faults}},
      {"disk.readOnly", {&F::set_disk_faults, &F::set_disk_faults}},
      {"disk.lostFsync", {&F::set_disk_faults, &F::set_disk_faults}},
      {"disk.bitrot", {&F::set_disk_faults, &F::set_disk_faults}},
      {"disk.stall", {&F::set_disk_faults, &F::set_disk_faults}},
      {"disk.throttle", {&F::set_disk_faults, &F::set_disk_faults}},
      {"disk.torn", {&F::set_disk_faults, &F::set_disk_faults}},
      {"disk.misdirected", {&F::set_disk_faults, &F::set_disk_faults}},
      {"clock.offset", {&F::skew, &F::set_right}},
      {"clock.drift", {&F::skew, &F::set_right}},
      {"clock.jump", {&F::skew}},
      {"clock.strobe", {&F::skew, &F::set_right}},
      {"clock.step", {&F::skew, &F::set_right}},
      {"clock.sine", {&F::skew, &F::set_right}},
      {"clock.freeze", {&F::skew, &F::set_right}},
      {"app.errorRate", {&F::set_app_faults, &F::set_app_faults}},
      {"app.latency", {&F::set_app_faults, &F::set_app_faults}},
      {"app.brownout", {&F::set_app_faults, &F::set_app_faults}},
      {"app.slow", {&F::set_app_faults, &F::set_app_faults}},
      {"app.blackHole", {&F::set_app_faults, &F::set_app_faults}},
      {"app.healthLies", {&F::set_app_faults, &F::set_app_faults}},
      {"app.slowStart", {&F::set_app_faults, &F::set_app_faults}},
      {"store.staleRead", {&F::set_store_faults, &F::set_store_faults}},
      {"store.conflict", {&F::set_store_faults, &F::set_store_faults}},
      {"store.txnAbort", {&F::set_store_faults, &F::set_store_faults}},
      {"store.webhookRejects", {&F::set_store_faults, &F::set_store_faults}},
      {"store.poolExhausted", {&F::set_store_faults, &F::set_store_faults}},
      {"view.stale", {&F::set_store_faults, &F::set_store_faults}},
      {"view.unobserved", {&F::set_store_faults, &F::set_store_faults}},
      {"view.intermediate", {&F::set_store_faults, &F::set_store_faults}},
      {"load.reconnectHerd", {&F::stampede, &F::forget}},
      {"load.slowClient", {&F::relink, &F::relink}},
      {"xds.nack", {&F::set_discovery_faults, &F::set_discovery_faults}},
      {"xds.nackThenGoaway", {&F::set_discovery_faults, &F::set_discovery_faults}},
      {"xds.ackLost", {&F::set_discovery_faults, &F::set_discovery_faults}},
      {"xds.neverAck", {&F::set_discovery_faults, &F::set_discovery_faults}},
      {"xds.ackLate", {&F::set_discovery_faults, &F::set_discovery_faults}},
      {"xds.oldNonce", {&F::set_discovery_faults, &F::set_discovery_faults}},
      {"xds.duplicateSubscribe", {&F::set_discovery_faults, &F::set_discovery_faults}},
      {"xds.resubscribeStorm", {&F::set_discovery_faults, &F::set_discovery_faults}},
      {"xds.unknownType", {&F::ask_unknown}},
      {"xds.order", {&F::set_discovery_faults, &F::set_discovery_faults}},
      {"xds.removalLost", {&F::set_discovery_faults, &F::set_discovery_faults}},
      {"xds.churn", {&F::set_discovery_faults, &F::set_discovery_faults}},
      {"pki.bundleLag", {&F::set_discovery_faults, &F::set_discovery_faults}},
      {"pki.leafExpired", {&F::set_discovery_faults, &F::set_discovery_faults}},
      {"pki.wrongSan", {&F::show_other_identity, &F::set_discovery_faults}},
      {"pki.revokedToken", {&F::revoke_tokens, &F::revoke_tokens}},
      {"pki.slowSigner", {&F::set_discovery_faults, &F::set_discovery_faults}},
      {"kds.streamDrop", {&F::drop_streams}},
      {"kds.zoneDeletedMidStream", {&F::remove_zones}},
      {"kds.zoneRenamed", {&F::rename_zones, &F::name_zones_again}},
      {"kds.resourceRefused", {&F::set_refused_policy, &F::set_refused_policy}},
      {"kds.reconnectElsewhere", {&F::reconnect_elsewhere}},
      {"store.leaderFlap", {&F::flap_leader, &F::forget}},
  };
  return all;
}

bool SimFaults::knows(std::string_view kind) { return acts().contains(kind); }

void SimFaults::begin(const FaultOrder& order) {
  record(order, 1);
  Active& active = active_[order.id];
  active = {order, {order.ways.begin(), order.ways.end()}, world_.now()};
  (this->*acts().at(order.kind->name).begin)(active, order);
  if (!order.kind->lasting) active_.erase(order.id);
}

void SimFaults::end(const FaultOrder& order) {
  auto found = active_.find(order.id);
  assert(found != active_.end() && "it has begun and not ended");
  record(order, 2);
  Active& active = found->second;
  for (const Way& way : order.ways) active.ways.erase(way);
  std::erase_if(active.order.processes, [&](const std::string& process) {
    return order.kind->whom == fault::Whom::processes &&
           std::ranges::find(order.processes, process) != order.processes.end();
  });
  (this->*acts().at(order.kind->name).end)(active, order);
  bool ways = order.kind->whom == fault::Whom::ways;
  if (ways ? active.ways.empty() : active.order.processes.empty()) active_.erase(found);
}

sim::Process& SimFaults::process(const std::string& name) {
  sim::Process*& out = found_[name];
  if (out == nullptr) out = world_.find_process(name);
  assert(out != nullptr && "the loader knows all processes");
  return *out;
}

void SimFaults::record(const FaultOrder& order, std::uint64_t what) {
  if (order.kind->recorded) world_.kernel().record(0, sim::EventKind::fault, sim::mix(order.digest(), what));
}

bool SimFaults::also(std::string_view kind, const Way& way) const {
  return std::ranges::any_of(active_, [&](const auto& entry) {
    return entry.second.order.kind->name == kind && entry.second.ways.contains(way);
  });
}

sim::LinkOptions SimFaults::link(const Way& way) const {
  sim::LinkOptions out = hooks_.link(way.from, way.to);
  for (const auto& [id, active] : active_) {
    if (active.ways.contains(way)) change_link(out, active.order);
  }
  return out;
}

void SimFaults::relink(Active&, const FaultOrder& part) {
  for (const Way& way : part.ways) world_.network().set_link_one_way(process(way.from), process(way.to), link(way));
}

void SimFaults::cut(Active&, const FaultOrder& part) {
  for (const Way& way : part.ways) world_.network().partition_one_way(process(way.from), process(way.to));
}

void SimFaults::heal(Active& active, const FaultOrder& part) {
  for (const Way& way : part.ways) {
    if (!also(active.order.kind->name, way)) world_.network().heal_one_way(process(way.from), process(way.to));
  }
}

void SimFaults::clog(Active&, const FaultOrder& part) {
  for (const Way& way : part.ways) world_.network().clog_one_way(process(way.from), process(way.to));
}

void SimFaults::release(Active& active, const FaultOrder& part) {
  for (const Way& way : part.ways) {
    if (!also(active.order.kind->name, way)) world_.network().release_one_way(process(way.from), process(way.to));
  }
}

void SimFaults::close_doors(Active& active, const FaultOrder& part) {
  auto door = active.order.kind->name == "tcp.refuse" ? sim::Door::refusing : sim::Door::silent;
  for (const Way& way : part.ways) world_.network().set_door(process(way.from), process(way.to), door);
}

void SimFaults::open_doors(Active&, const FaultOrder& part) {
  for (const Way& way : part.ways) {
    auto door = also("tcp.hang", way)     ? sim::Door::silent
                : also("tcp.refuse", way) ? sim::Door::refusing
                                          : sim::Door::open;
    world_.network().set_door(process(way.from), process(way.to), door);
  }
}

void SimFaults::reset(Active&, const FaultOrder& part) {
  for (const Way& pair : pairs(part.ways)) {
    world_.network().reset(process(pair.from), process(pair.to));
    fabric_.reset(process(pair.from), process(pair.to));
  }
}

void SimFaults::silence(Active&, const FaultOrder& part) {
  for (const Way& pair : pairs(part.ways)) {
    world_.network().silence(process(pair.from), process(pair.to));
    fabric_.silence(process(pair.from), process(pair.to));
  }
}

void SimFaults::watch_idle(Active& active, const FaultOrder&) { sweep_idle(active.order.id); }

void SimFaults::sweep_idle(std::uint64_t id) {
  auto found = active_.find(id);
  if (found == active_.end()) return;
  const FaultOrder& order = found->second.order;
  auto since = world_.now() - order.duration("idle");
  bool told = order.word("how") == "reset";
  for (const Way& pair : pairs({found->second.ways.begin(), found->second.ways.end()})) {
    world_.network().forget_idle(process(pair.from), process(pair.to), since, told);
    fabric_.forget_idle(process(pair.from), process(pair.to), since, told);
  }
  world_.schedule_after(idle_sweep, [this, id] { sweep_idle(id); });
}

void SimFaults::stampede(Active& active, const FaultOrder&) { stampede_again(active.order.id); }

void SimFaults::stampede_again(std::uint64_t id) {
  auto found = active_.find(id);
  if (found == active_.end()) return;
  Active& active = found->second;
  FaultOrder now = active.order;
  now.ways = {active.ways.begin(), active.ways.end()};
  reset(active, now);
  Duration period = std::max(active.order.duration("period"), stampede_least);
  world_.schedule_after(period, [this, id] { stampede_again(id); });
}

void SimFaults::look_up(Active& active, const FaultOrder& part) {
  auto lookup = std::make_shared<sim::Lookup>();
  std::string_view kind = part.kind->name;
  if (part.has("name")) lookup->name = part.word("name");
  if (kind == "dns.error")
    lookup->failure =
        part.word("code") == "notFound" ? asio::error::host_not_found : asio::error::host_not_found_try_again;
  if (kind == "dns.slow") lookup->delay = to_sim(part.law("delay"));
  if (kind == "dns.stale") lookup->stale = world_.network().names();
  active.lookup = lookup;
  for (const std::string& name : part.processes) world_.network().add_lookup(process(name), active.lookup);
}

void SimFaults::keep_old_name(const std::string& name, const std::string& address) {
  for (auto& [id, active] : active_) {
    if (active.order.kind->name != "dns.removedLate") continue;
    active.lookup->stale[name] = address;
    world_.schedule_after(active.order.duration("late"), [lookup = active.lookup, name, address] {
      if (auto kept = lookup->stale.find(name); kept != lookup->stale.end() && kept->second == address)
        lookup->stale.erase(kept);
    });
  }
}

void SimFaults::look_up_again(Active& active, const FaultOrder& part) {
  for (const std::string& name : part.processes) world_.network().remove_lookup(process(name), active.lookup);
}

}  // namespace kumasim::scenario
