/// Overlaps of faults in time.
#include "kumasim/chaos/budget.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace kumasim::chaos {
namespace {

bool of_load(const DrawnFault& fault) {
  const FaultKind* kind = find_fault_kind(fault.kind);
  return kind != nullptr && kind->victim == FaultKind::Victim::load;
}

/// What is struck, as a name of its own.
std::string victim(const DrawnFault& fault) {
  if (!fault.target.empty()) return fault.target;
  if (!fault.resource.name.empty()) return fmt::format("{} {}", fault.resource.kind, fault.resource.name);
  if (!fault.resource.mesh.empty()) return "the mesh " + fault.resource.mesh;
  if (of_load(fault))
    return fault.load.first.empty() ? "all load"
                                    : fmt::format("the load {} -> {}", fault.load.first, fault.load.second);
  if (fault.pick > 0) return fmt::format("{} of {}", fault.pick, fault.service);
  if (!fault.service.empty()) return "all of " + fault.service;
  if (!fault.shape.empty()) return "all processes";
  const auto& [a, b] = fault.between;
  return a < b ? a + " and " + b : b + " and " + a;
}

Duration end_of(const DrawnFault& fault) { return fault.at + fault.lasts.value_or(Duration(0)); }

/// Both ends belong to a fault: what is started again at the very moment is not back yet.
bool overlap(const DrawnFault& a, const DrawnFault& b) { return a.at <= end_of(b) && b.at <= end_of(a); }

bool disables(const DrawnFault& fault) {
  const FaultKind* kind = find_fault_kind(fault.kind);
  return kind != nullptr && kind->disables;
}

bool shows(const DrawnFault& fault, const DrawnFault& other) {
  const FaultKind* kind = find_fault_kind(other.kind);
  return kind != nullptr && std::ranges::find(kind->shown_by, fault.kind) != kind->shown_by.end();
}

/// PREFIX-3 is of the group PREFIX.
bool member(const Group& group, const std::string& process) {
  if (!process.starts_with(group.prefix + "-")) return false;
  std::string rest = process.substr(group.prefix.size() + 1);
  return !rest.empty() && std::ranges::all_of(rest, [](char c) { return c >= '0' && c <= '9'; });
}

/// Names of processes: one of them is the other, or a service of which the other is an instance.
bool same_processes(const Surface& surface, const std::string& a, const std::string& b) {
  return a == b || std::ranges::any_of(surface.groups, [&](const Group& group) {
           return (group.service == a && member(group, b)) || (group.service == b && member(group, a));
         });
}

/// A fault of all ways of a service, and another one of it or of some of these.
bool same_service(const Surface& surface, const DrawnFault& one, const DrawnFault& other) {
  if (one.service.empty()) return same_service(surface, other, one);
  if (!other.service.empty()) return one.service == other.service;
  return same_processes(surface, one.service, other.between.first) ||
         same_processes(surface, one.service, other.between.second);
}

bool same_load(const DrawnFault& one, const DrawnFault& other) {
  return one.load == other.load || one.load.first.empty() || other.load.first.empty();
}

/// Some instances of a service, and others of it or one that may be among them.
bool same_some(const Surface& surface, const DrawnFault& some, const DrawnFault& other) {
  if (other.pick > 0) return some.service == other.service;
  return !other.target.empty() && same_processes(surface, some.service, other.target);
}

/// One of the processes that the name of a zone's control plane stands for.
bool replica_of(const Surface& surface, const std::string& process, const std::string& name) {
  auto several = surface.zone_replicas.find(name);
  return several != surface.zone_replicas.end() && std::ranges::find(several->second, process) != several->second.end();
}

bool same_victim(const Surface& surface, const DrawnFault& one, const DrawnFault& other) {
  if (one.resource != Resource() || other.resource != Resource()) return one.resource == other.resource;
  if (of_load(one) || of_load(other)) return of_load(one) && of_load(other) && same_load(one, other);
  if (one.pick > 0) return same_some(surface, one, other);
  if (other.pick > 0) return same_some(surface, other, one);
  if (one.target.empty() != other.target.empty()) return false;
  if (!one.target.empty())
    return one.target == other.target || replica_of(surface, one.target, other.target) ||
           replica_of(surface, other.target, one.target);
  if (!one.shape.empty() || !other.shape.empty()) return true;
  if (!one.service.empty() || !other.service.empty()) return same_service(surface, one, other);
  const auto& [a, b] = one.between;
  const auto& [c, d] = other.between;
  auto same = [&](const std::string& x, const std::string& y) { return same_processes(surface, x, y); };
  return (same(a, c) && same(b, d)) || (same(a, d) && same(b, c));
}

/// How many other instances of the group the given faults may take at that moment.
int given_at(const Group& group, const Surface& surface, Duration when, const std::set<std::string>& struck) {
  std::size_t out = 0;
  for (const GivenFault& fault : surface.given) {
    if (when < fault.from || when > fault.to) continue;
    auto more = std::ranges::count_if(
        fault.processes, [&](const std::string& name) { return member(group, name) && !struck.contains(name); });
    out += std::min(fault.at_once, static_cast<std::size_t>(more));
  }
  return static_cast<int>(out);
}

/// How many other instances of the group may be among those that drawn faults pick.
int picked_at(const Group& group, const Drawn& drawn, Duration when, std::size_t struck) {
  auto all = static_cast<std::size_t>(instances_of(group, drawn));
  std::size_t left = all - std::min(struck, all), out = 0;
  for (const DrawnFault& fault : drawn.faults) {
    bool strikes = fault.pick > 0 && disables(fault) && fault.service == group.service;
    if (strikes && fault.at <= when && when <= end_of(fault)) out = std::min(out + fault.pick, left);
  }
  return static_cast<int>(out);
}

/// The most instances of the group that are disabled at one moment, one by a drawn fault at least; that moment is the
/// begin of a fault.
int disabled_at_once(const Group& group, const Surface& surface, const Drawn& drawn) {
  std::set<Duration> moments;
  for (const DrawnFault& fault : drawn.faults) moments.insert(fault.at);
  for (const GivenFault& fault : surface.given) moments.insert(fault.from);
  int out = 0;
  for (Duration moment : moments) {
    std::set<std::string> struck;
    for (const DrawnFault& fault : drawn.faults) {
      bool strikes = disables(fault) && member(group, fault.target);
      if (strikes && fault.at <= moment && moment <= end_of(fault)) struck.insert(fault.target);
    }
    int drawn_ones = static_cast<int>(struck.size()) + picked_at(group, drawn, moment, struck.size());
    if (drawn_ones > 0) out = std::max(out, drawn_ones + given_at(group, surface, moment, struck));
  }
  return out;
}

}  // namespace

std::optional<std::string> beyond_budget(const Surface& surface, const Drawn& drawn) {
  for (std::size_t i = 0; i < drawn.faults.size(); ++i) {
    const DrawnFault& fault = drawn.faults[i];
    const FaultKind* kind = find_fault_kind(fault.kind);
    if (kind != nullptr && kind->lasts() && !fault.lasts)
      return fmt::format("{} of {} has no end", fault.kind, victim(fault));
    if (kind != nullptr && !kind->recoverable) return fmt::format("{} of {} stays", fault.kind, victim(fault));
    if (end_of(fault) > surface.end) return fmt::format("{} of {} is not over by the end", fault.kind, victim(fault));
    for (std::size_t k = i + 1; k < drawn.faults.size(); ++k) {
      const DrawnFault& other = drawn.faults[k];
      bool pair = shows(fault, other) || shows(other, fault);
      if (!pair && same_victim(surface, fault, other) && overlap(fault, other))
        return fmt::format("{} and {} strike {} at one time", fault.kind, other.kind, victim(fault));
    }
  }
  for (const Group& group : surface.groups) {
    int count = instances_of(group, drawn);
    if (count > 1 && disabled_at_once(group, surface, drawn) >= count)
      return fmt::format("no instance of {} is left at one time", group.prefix);
  }
  return std::nullopt;
}

}  // namespace kumasim::chaos
