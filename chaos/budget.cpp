/// Overlaps of faults in time.
#include "kumasim/chaos/budget.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace kumasim::chaos {
namespace {

/// What is struck, as a name of its own.
std::string victim(const DrawnFault& fault) {
  if (!fault.target.empty()) return fault.target;
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

bool same_victim(const Surface& surface, const DrawnFault& one, const DrawnFault& other) {
  if (one.target.empty() != other.target.empty()) return false;
  if (!one.target.empty()) return one.target == other.target;
  const auto& [a, b] = one.between;
  const auto& [c, d] = other.between;
  auto same = [&](const std::string& x, const std::string& y) { return same_processes(surface, x, y); };
  return (same(a, c) && same(b, d)) || (same(a, d) && same(b, c));
}

/// The most instances of the group that are disabled at one moment; that moment is the begin of a fault.
int disabled_at_once(const Group& group, const Drawn& drawn) {
  int out = 0;
  for (const DrawnFault& first : drawn.faults) {
    int count = 0;
    for (const DrawnFault& fault : drawn.faults) {
      bool strikes = disables(fault) && member(group, fault.target);
      count += strikes && fault.at <= first.at && first.at <= end_of(fault) ? 1 : 0;
    }
    out = std::max(out, count);
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
      if (same_victim(surface, fault, other) && overlap(fault, other))
        return fmt::format("{} and {} strike {} at one time", fault.kind, other.kind, victim(fault));
    }
  }
  for (const Group& group : surface.groups) {
    int count = instances_of(group, drawn);
    if (count > 1 && disabled_at_once(group, drawn) >= count)
      return fmt::format("no instance of {} is left at one time", group.prefix);
  }
  return std::nullopt;
}

}  // namespace kumasim::chaos
