/// Faults of simulated processes, of their disks and of their clocks.
#include <algorithm>

#include <fmt/format.h>

#include "scenarios/engine/law.hpp"
#include "scenarios/engine/sim_faults.hpp"

namespace kumasim::scenario {
namespace {

sim::WallSkew skew_of(const FaultOrder& order) {
  using Kind = sim::WallSkew::Kind;
  static const std::map<std::string_view, Kind> kinds{{"clock.offset", Kind::offset}, {"clock.drift", Kind::drift},
                                                      {"clock.jump", Kind::offset},   {"clock.strobe", Kind::strobe},
                                                      {"clock.step", Kind::step},     {"clock.freeze", Kind::freeze},
                                                      {"clock.sine", Kind::sine}};
  sim::WallSkew out{.kind = kinds.at(order.kind->name)};
  if (order.has("by")) out.by = order.duration("by");
  if (order.has("rate")) out.rate_ppm = order.number("rate");
  if (order.has("period")) out.period = std::max(order.duration("period"), Duration(1));
  return out;
}

}  // namespace

void SimFaults::kill(Active&, const FaultOrder& part) {
  const std::string& disk = part.word("disk");
  sim::KillOptions options{.unsynced = disk == "lose"       ? sim::UnsyncedWrites::lose
                                       : disk == "loseSome" ? sim::UnsyncedWrites::lose_some
                                                            : sim::UnsyncedWrites::keep};
  for (const std::string& name : part.processes) process(name).kill(options);
}

void SimFaults::stop(Active& active, const FaultOrder& part) {
  Duration grace = part.duration("grace");
  for (const std::string& name : part.processes) {
    if (!process(name).up()) continue;
    active.lives[name] = process(name).lives();
    hooks_.stop(name, grace);
    world_.schedule_after(grace, [&stopped = process(name), life = process(name).lives()] {
      if (stopped.lives() == life) stopped.kill();
    });
  }
}

bool SimFaults::held_down(const std::string& name, std::uint64_t other_than) const {
  return std::ranges::any_of(active_, [&](const auto& entry) {
    const FaultOrder& order = entry.second.order;
    return order.id != other_than && order.kind->lasting && order.kind->ends_life && order.touches(name);
  });
}

void SimFaults::start_anew(const std::string& name, std::uint64_t order) {
  process(name).kill();
  if (!held_down(name, order)) process(name).restart();
}

void SimFaults::start(Active& active, const FaultOrder& part) {
  for (const std::string& name : part.processes) {
    if (held_down(name, active.order.id)) continue;
    // One that is still ending is killed first: its time was longer than the fault.
    auto asked = active.lives.find(name);
    bool ending = asked != active.lives.end() && process(name).lives() == asked->second;
    if (ending || !process(name).up()) process(name).restart();
  }
}

void SimFaults::restart(Active& active, const FaultOrder& part) {
  for (const std::string& name : part.processes) start_anew(name, active.order.id);
}

void SimFaults::wipe(Active& active, const FaultOrder& part) {
  for (const std::string& name : part.processes) {
    process(name).kill();
    process(name).disk().wipe();
    start_anew(name, active.order.id);
  }
}

std::string SimFaults::override_of(const std::string& name) const {
  std::string out;
  for (const auto& [id, active] : active_) {
    std::string_view kind = active.order.kind->name;
    if (!active.order.touches(name)) continue;
    if (kind == "proc.restartAs") out = active.order.word("set");
    if (kind == "kds.zoneRenamed") out = "KUMA_MULTIZONE_ZONE_NAME=" + renamed(name);
  }
  return out;
}

void SimFaults::restart_as(Active& active, const FaultOrder& part) {
  for (const std::string& name : part.processes) {
    hooks_.set_override(name, override_of(name));
    start_anew(name, active.order.id);
  }
}

void SimFaults::move(Active& active, const FaultOrder& part) {
  for (const std::string& name : part.processes) {
    process(name).kill();
    keep_old_name(name, process(name).address());
    ++moves_;
    // Processes are numbered from 10.0.0.1 on.
    process(name).move_to(fmt::format("10.{}.{}.{}", 128 + (moves_ >> 16 & 127), moves_ >> 8 & 255, moves_ & 255));
    start_anew(name, active.order.id);
  }
}

void SimFaults::pause(Active&, const FaultOrder& part) {
  for (const std::string& name : part.processes) process(name).pause();
}

void SimFaults::resume(Active& active, const FaultOrder& part) {
  for (const std::string& name : part.processes) resume_if_free(name, active.order.id);
}

void SimFaults::resume_if_free(const std::string& name, std::uint64_t other_than) {
  bool paused = std::ranges::any_of(active_, [&](const auto& entry) {
    const FaultOrder& order = entry.second.order;
    return order.id != other_than && order.kind->name == "proc.pause" && order.touches(name);
  });
  auto held = held_up_.find(name);
  bool held_up = held != held_up_.end() && held->second.life == process(name).lives();
  if (!paused && !held_up) process(name).resume();
}

void SimFaults::hold_up(const std::string& name, Duration time) {
  HeldUp& held = held_up_[name];
  // What a life had left to wait for ended with it.
  if (held.life != process(name).lives()) held = {process(name).lives(), world_.now()};
  held.until = std::max(held.until, world_.now()) + time;
  process(name).pause();
  world_.schedule(held.until, [this, name, told = held] {
    auto found = held_up_.find(name);
    if (found == held_up_.end() || found->second.life != told.life || found->second.until != told.until) return;
    held_up_.erase(found);
    resume_if_free(name, 0);
  });
}

void SimFaults::slow(Active&, const FaultOrder& part) {
  for (const std::string& name : part.processes) process(name).set_step(to_sim(part.law("step")));
}

void SimFaults::hasten(Active& active, const FaultOrder& part) {
  for (const std::string& name : part.processes) {
    std::optional<sim::DelayLaw> step;
    for (const auto& [id, other] : active_) {
      const FaultOrder& order = other.order;
      bool slows = id != active.order.id && order.kind == part.kind &&
                   std::ranges::find(order.processes, name) != order.processes.end();
      if (slows) step = to_sim(order.law("step"));
    }
    process(name).set_step(step);
  }
}

/// What all faults of its disk come to together.
void SimFaults::set_disk_faults(Active&, const FaultOrder& part) {
  for (const std::string& name : part.processes) {
    sim::DiskFaults faults;
    for (const auto& [id, active] : active_) {
      const FaultOrder& order = active.order;
      if (!order.touches(name)) continue;
      auto share = order.has("share") ? static_cast<std::uint32_t>(order.number("share")) : 0;
      if (order.kind->name == "disk.eio") faults.failing_ppm = std::max(faults.failing_ppm, share);
      if (order.kind->name == "disk.bitrot") faults.rotting_ppm = std::max(faults.rotting_ppm, share);
      faults.full = faults.full || order.kind->name == "disk.enospc";
      faults.read_only = faults.read_only || order.kind->name == "disk.readOnly";
      faults.loses_syncs = faults.loses_syncs || order.kind->name == "disk.lostFsync";
      faults.tears = faults.tears || order.kind->name == "disk.torn";
      if (order.kind->name == "disk.misdirected") faults.misdirected_ppm = std::max(faults.misdirected_ppm, share);
      if (order.kind->name == "disk.stall") faults.stall = to_sim(order.law("delay"));
      if (order.kind->name == "disk.throttle")
        faults.bytes_per_second = static_cast<std::uint64_t>(order.number("bandwidth"));
      if (order.kind->name == "disk.stall" || order.kind->name == "disk.throttle")
        faults.holds_up = [this, name](Duration time) { hold_up(name, time); };
    }
    auto chance = disk_chance_.try_emplace(name, sim::hash_text(name, world_.seed())).first;
    process(name).disk().set_faults(faults, chance->second);
  }
}

void SimFaults::skew(Active& active, const FaultOrder& part) {
  for (const std::string& name : part.processes) active.skews[name] = process(name).add_skew(skew_of(part));
}

void SimFaults::set_right(Active& active, const FaultOrder& part) {
  for (const std::string& name : part.processes) process(name).remove_skew(active.skews.at(name));
}

}  // namespace kumasim::scenario
