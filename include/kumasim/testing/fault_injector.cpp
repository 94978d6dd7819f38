/// After each beginning and end of a fault the way or the process is made what the faults in force say.
#include "kumasim/testing/fault_injector.hpp"

#include <stdexcept>

namespace kumasim::testing {
namespace {

bool covers(const Fault& fault, const sim::Process& from, const sim::Process* to) {
  if (to == nullptr) return fault.process == from.name();
  if (fault.process == from.name() && fault.peer == to->name()) return true;
  return !fault.one_way && fault.process == to->name() && fault.peer == from.name();
}

}  // namespace

FaultInjector::FaultInjector(sim::World& world, FaultPlan plan)
    : world_(world), plan_(std::move(plan)), active_(plan_.size()) {
  for (std::size_t i = 0; i < plan_.size(); ++i) {
    world_.schedule(MonotonicTime(plan_[i].at), [this, i] { turn(i, true); });
    if (plan_[i].kind == Fault::Kind::reset) continue;
    world_.schedule(MonotonicTime(plan_[i].at + plan_[i].lasts), [this, i] { turn(i, false); });
  }
}

void FaultInjector::turn(std::size_t number, bool on) {
  const Fault& fault = plan_[number];
  active_[number] = on;
  world_.kernel().record(0, sim::EventKind::fault, 2 * number + (on ? 1 : 0));
  sim::Process& struck = process(fault.process);
  if (!strikes_way(fault.kind)) return settle(fault, struck);
  sim::Process& peer = process(fault.peer);
  if (fault.kind == Fault::Kind::reset) return world_.network().reset(struck, peer);
  settle(fault, struck, peer);
  if (!fault.one_way) settle(fault, peer, struck);
}

void FaultInjector::settle(const Fault& fault, sim::Process& from, sim::Process& to) {
  auto& network = world_.network();
  bool on = any(fault.kind, from, &to);
  switch (fault.kind) {
    case Fault::Kind::partition: return on ? network.partition_one_way(from, to) : network.heal_one_way(from, to);
    case Fault::Kind::clog: return on ? network.clog_one_way(from, to) : network.release_one_way(from, to);
    default: return network.set_link_one_way(from, to, link(from, to));
  }
}

void FaultInjector::settle(const Fault& fault, sim::Process& process) {
  if (fault.kind == Fault::Kind::kill) {
    if (any(Fault::Kind::kill, process)) return process.kill();
    if (!process.up() && process.lives() > 0) process.restart();
  }
  any(Fault::Kind::pause, process) ? process.pause() : process.resume();
}

sim::LinkOptions FaultInjector::link(const sim::Process& from, const sim::Process& to) {
  auto before = links_.try_emplace({from.id(), to.id()}, world_.network().link(from, to)).first;
  sim::LinkOptions out = before->second;
  if (!any(Fault::Kind::delay, from, &to) && !any(Fault::Kind::loss, from, &to)) links_.erase(before);
  for (std::size_t i = 0; i < plan_.size(); ++i) {
    if (!active_[i] || !covers(plan_[i], from, &to)) continue;
    if (plan_[i].kind == Fault::Kind::delay) out.delay = sim::DelayLaw::constant(plan_[i].delay);
    if (plan_[i].kind == Fault::Kind::loss) out.loss_ppm = plan_[i].loss_ppm;
  }
  return out;
}

bool FaultInjector::any(Fault::Kind kind, const sim::Process& from, const sim::Process* to) const {
  for (std::size_t i = 0; i < plan_.size(); ++i)
    if (active_[i] && plan_[i].kind == kind && covers(plan_[i], from, to)) return true;
  return false;
}

sim::Process& FaultInjector::process(const std::string& name) {
  if (auto* found = world_.find_process(name)) return *found;
  throw std::invalid_argument("the fault plan strikes \"" + name + "\", and the test has no process of that name");
}

}  // namespace kumasim::testing
