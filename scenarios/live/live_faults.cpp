/// How each kind of fault is carried out on real processes.
#include <csignal>

#include <fmt/format.h>

#include "scenarios/live/live_world.hpp"

namespace kumasim::scenario {

void LiveWorld::begin(const FaultOrder& order) {
  if (order.kind->whom == fault::Whom::ways) return begin_on_ways(order);
  std::string_view kind = order.kind->name;
  if (kind == "store.leaderFlap") {
    flaps_.insert(order.id);
    return flap_leader(order);
  }
  if (kind == "kds.reconnectElsewhere") return reconnect_elsewhere(order);
  for (const std::string& process : order.processes) {
    if (order.kind->lasting && order.kind->ends_life) ++holds_[process];
    if (kind == "proc.kill" || kind == "proc.restart") kill(process);
    if (kind == "proc.restart" && holds_[process] == 0) start(process);
    if (kind == "proc.stop") stop(process, order.duration("grace"));
    if (kind == "proc.pause" && ++pauses_[process] == 1) pause(process);
  }
}

void LiveWorld::end(const FaultOrder& order) {
  if (order.kind->whom == fault::Whom::ways) return end_on_ways(order);
  if (flaps_.erase(order.id) > 0) return;
  std::string_view kind = order.kind->name;
  for (const std::string& process : order.processes) {
    if (kind == "proc.pause" && --pauses_[process] == 0) resume(process);
    if (!order.kind->ends_life || --holds_[process] > 0) continue;
    if (ending_.contains(process)) kill(process);  // its time may be longer than the fault
    start(process);
  }
}

void LiveWorld::begin_on_ways(const FaultOrder& order) {
  if (!links_) {
    for (const Way& way : order.ways) cut(way);  // there is no fault but partitions then
    return;
  }
  links_->begin(order, runtime_.clock.now());
  strike_later(order);
}

void LiveWorld::end_on_ways(const FaultOrder& order) {
  if (links_) return links_->end(order);
  for (const Way& way : order.ways) heal(way);
}

void LiveWorld::strike_later(const FaultOrder& order) {
  Duration period = LiveLinks::period(order);
  if (period == Duration(0)) return;
  at(now() + period, [this, order] {
    if (!links_->in_force(order.id)) return;
    links_->strike(order, runtime_.clock.now());
    strike_later(order);
  });
}

void LiveWorld::kill(const std::string& process) {
  if (stores_.contains(process)) end_at_once(process);
  for (int pid : pids(process)) ::kill(pid, SIGKILL);
  ending_.erase(process);
  auto& program = program_of(process);
  if (program && told_life_) told_life_(process, false);
  program.reset();
  if (LivePlane* plane = find_plane(process)) plane->forget();
  auto found = members_.find(process);
  if (found == members_.end()) return;
  LiveMember& member = found->second;
  member.echo.reset();
  member.clients.clear();
  for (auto& [service, client] : member.grpc_clients)
    if (client) client->close();
  member.grpc_clients.clear();
  member.state = {};
  member.refusals = {};
}

void LiveWorld::stop(const std::string& process, Duration grace) {
  auto& program = program_of(process);
  if (!program || program->status()) return;
  int pid = program->pid();
  ending_.insert(process);
  // By SIGTERM PostgreSQL waits for its clients to leave.
  ::kill(pid, stores_.contains(process) ? SIGINT : SIGTERM);
  at(now() + grace, [this, process, pid, &program] {
    if (program && program->pid() == pid) kill(process);
  });
}

void LiveWorld::start(const std::string& process) {
  if (program_of(process)) return;
  LivePlane* plane = find_plane(process);
  auto store = stores_.find(process);
  Result<> started = store != stores_.end() ? start_store(store->second)
                     : plane != nullptr     ? start_plane(*plane)
                                            : start_member(members_.at(process));
  if (!started) return complain(fmt::format("{} did not start: {}", process, started.error().message));
  if (told_life_) told_life_(process, true);
}

void LiveWorld::pause(const std::string& process) {
  for (int pid : pids(process)) ::kill(pid, SIGSTOP);
  if (LivePlane* plane = find_plane(process)) plane->forget();
  paused_of(process) = true;
}

void LiveWorld::resume(const std::string& process) {
  for (int pid : pids(process)) ::kill(pid, SIGCONT);
  paused_of(process) = false;
}

void LiveWorld::cut(const Way& way) {
  if (++cuts_[way] > 1) return;
  if (Result<> done = namespaces_->cut(way.from, way.to); !done)
    complain(fmt::format("the way from {} to {} could not be cut: {}", way.from, way.to, done.error().message));
}

void LiveWorld::heal(const Way& way) {
  if (--cuts_[way] > 0) return;
  if (Result<> done = namespaces_->heal(way.from, way.to); !done)
    complain(fmt::format("the way from {} to {} could not be healed: {}", way.from, way.to, done.error().message));
}

}  // namespace kumasim::scenario
