/// Questions to a fault's order.
#include "kumasim/scenario/fault_order.hpp"

#include <algorithm>

#include "kumasim/sim/hash.hpp"

namespace kumasim::scenario {

bool FaultOrder::touches(std::string_view process) const {
  auto same = [&](const std::string& name) { return name == process; };
  if (!processes.empty()) return std::ranges::any_of(processes, same);
  return std::ranges::any_of(ways, [&](const Way& way) { return same(way.from) || same(way.to); });
}

std::uint64_t FaultOrder::digest() const {
  std::uint64_t out = sim::hash_text(kind->name);
  for (const std::string& process : processes) out = sim::hash_text(process, out);
  for (const Way& way : ways) out = sim::hash_text(way.to, sim::hash_text(way.from, out));
  for (const auto& [name, value] : values) {
    out = sim::hash_text(value.word, sim::hash_text(name, out));
    out = sim::mix(out, static_cast<std::uint64_t>(value.low));
    if (value.law) out = sim::mix(out, static_cast<std::uint64_t>(value.law->a.count() ^ value.law->b.count() << 1));
    if (!value.law) continue;
    for (Duration measured : value.law->measured) out = sim::mix(out, static_cast<std::uint64_t>(measured.count()));
  }
  return out;
}

}  // namespace kumasim::scenario
