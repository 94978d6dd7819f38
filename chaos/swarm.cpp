/// Drawing: kinds, topology, then faults one by one, each within the budget.
#include "kumasim/chaos/swarm.hpp"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

#include "kumasim/chaos/budget.hpp"
#include "kumasim/sim/hash.hpp"
#include "kumasim/sim/seeded_random.hpp"

namespace kumasim::chaos {
namespace {

constexpr int attempts_max = 20;  // for a fault within the budget
constexpr Duration soon = std::chrono::seconds(5);
constexpr int processes_of_a_shape = 3;
constexpr Duration grain = std::chrono::milliseconds(1);

sim::SeededRandom stream(std::string_view name, std::uint64_t seed, std::uint64_t index = 0) {
  return sim::SeededRandom(sim::mix(sim::hash_text(name, seed), index));
}

/// Uniform in low .. high, both included, in steps from low.
std::int64_t between(std::int64_t low, std::int64_t high, std::int64_t step, Random& random) {
  auto steps = static_cast<std::uint64_t>((high - low) / step);
  return low + static_cast<std::int64_t>(random.below(steps + 1)) * step;
}

Duration between(Duration low, Duration high, Random& random) {
  return Duration(between(low.count(), high.count(), grain.count(), random));
}

/// "120ms", "-1.5s", "0.5%", "37", "oneWay".
std::string draw_parameter(const Parameter& parameter, Random& random) {
  using Unit = Parameter::Unit;
  if (parameter.unit == Unit::word) return parameter.words[random.below(parameter.words.size())];
  std::int64_t value = between(parameter.low, parameter.high, parameter.step, random);
  switch (parameter.unit) {
    case Unit::microseconds: return fmt::format("{}us", value);
    case Unit::milliseconds: return fmt::format("{}ms", value);
    case Unit::hundredths_of_percent: return fmt::format("{}.{:02}%", value / 100, value % 100);
    default: return fmt::format("{}", value);
  }
}

template <class T>
const T& one_of(const std::vector<T>& all, Random& random) {
  assert(!all.empty());
  return all[random.below(all.size())];
}

/// As few instances as may be drawn.
Drawn least_of(const Surface& surface) {
  Drawn out;
  for (const Group& group : surface.groups) out.instances[group.prefix] = std::min(group.instances, group.least);
  return out;
}

int instances_of_service(const Surface& surface, const Drawn& drawn, const std::string& service) {
  int out = 0;
  for (const Group& group : surface.groups) {
    if (group.service == service) out += instances_of(group, drawn);
  }
  return out;
}

/// Services of which some instances are not all.
std::vector<std::string> services_of_several(const Surface& surface, const Drawn& drawn) {
  std::vector<std::string> out;
  for (const Group& group : surface.groups) {
    bool known = std::ranges::find(out, group.service) != out.end();
    if (!known && instances_of_service(surface, drawn, group.service) > 1) out.push_back(group.service);
  }
  return out;
}

bool can_strike(const Surface& surface, const FaultKind& kind) {
  if (kind.http && !surface.http) return false;
  switch (kind.victim) {
    case FaultKind::Victim::way: return !surface.ways.empty();
    case FaultKind::Victim::process:
    case FaultKind::Victim::control_plane: return true;
    case FaultKind::Victim::zone_control_plane:
    case FaultKind::Victim::global: return !surface.zone_control_planes.empty();
    case FaultKind::Victim::replica:
    case FaultKind::Victim::moving: return !surface.replicas.empty() && !surface.zone_control_planes.empty();
    case FaultKind::Victim::shared_store: return !surface.shared_stores.empty();
    case FaultKind::Victim::mesh: return !surface.meshes.empty();
    case FaultKind::Victim::resource: return !surface.resources.empty();
    case FaultKind::Victim::spare: return !surface.spare.empty();
    case FaultKind::Victim::changed: return !surface.changed.empty();
    case FaultKind::Victim::load: return !surface.loads.empty();
    case FaultKind::Victim::some: return !services_of_several(surface, least_of(surface)).empty();
    case FaultKind::Victim::service:
    case FaultKind::Victim::instance: break;
  }
  return std::ranges::any_of(surface.groups, [](const Group& group) { return group.instances > 0 && group.least > 0; });
}

/// Each with a chance of one half, one at least.
std::vector<std::string> some_kinds(const Surface& surface, const SwarmOptions& options, std::uint64_t seed) {
  std::vector<std::string> all = options.from, out;
  std::erase_if(all, [&](const std::string& name) {
    const FaultKind& kind = *find_fault_kind(name);
    return !can_strike(surface, kind) || (options.recoverable && !kind.recoverable);
  });
  if (!options.subset || all.empty()) return all;
  sim::SeededRandom random = stream("swarm.kinds", seed);
  for (const std::string& kind : all) {
    bool has = random.below(2) == 1;
    if (has || std::ranges::find(options.prefer, kind) != options.prefer.end()) out.push_back(kind);
  }
  if (out.empty()) out.push_back(one_of(all, random));
  return out;
}

/// Every other group stays as the scenario has it.
void draw_instances(const Surface& surface, std::uint64_t seed, Drawn& out) {
  for (std::size_t i = 0; i < surface.groups.size(); ++i) {
    const Group& group = surface.groups[i];
    sim::SeededRandom random = stream("swarm.instances", seed, i);
    if (random.below(2) == 0) continue;
    int count = static_cast<int>(between(group.least, group.most, 1, random));
    if (count != group.instances) out.instances[group.prefix] = count;
  }
}

void draw_links(const Surface& surface, const SwarmOptions& options, std::uint64_t seed, Drawn& out) {
  for (std::size_t i = 0; i < surface.ways.size(); ++i) {
    sim::SeededRandom random = stream("swarm.links", seed, i);
    bool fixed = std::ranges::find(surface.linked, surface.ways[i]) != surface.linked.end();
    if (random.below(2) == 0 || fixed) continue;
    Duration a = between(options.delay_low, options.delay_high, random);
    Duration b = between(options.delay_low, options.delay_high, random);
    out.links.push_back({surface.ways[i], std::min(a, b), std::max(a, b)});
  }
}

/// A process of a way's side: the side itself, or one instance of it.
std::string side(const Surface& surface, const Drawn& drawn, const std::string& name, Random& random) {
  std::vector<std::string> processes;
  for (const Group& group : surface.groups) {
    for (int i = 0; group.service == name && i < instances_of(group, drawn); ++i)
      processes.push_back(group.prefix + "-" + std::to_string(i));
  }
  bool whole = random.below(2) == 0;
  return whole || processes.empty() ? name : one_of(processes, random);
}

std::vector<std::string> control_planes(const Surface& surface) {
  std::vector<std::string> out = surface.replicas;
  if (out.empty()) out.push_back(surface.control_plane);
  for (const std::string& name : surface.zone_control_planes) {
    auto several = surface.zone_replicas.find(name);
    if (several == surface.zone_replicas.end())
      out.push_back(name);
    else
      out.insert(out.end(), several->second.begin(), several->second.end());
  }
  return out;
}

/// Zone proxies have a conversation with their control plane, and no application.
bool strikes_zone_proxies(const FaultKind& kind) {
  return kind.victim == FaultKind::Victim::process || kind.name.starts_with("xds.");
}

/// One process: a group or a single one first, so that a large service is not struck more often than a small one.
std::string process(const Surface& surface, const Drawn& drawn, const FaultKind& kind, Random& random) {
  std::vector<const Group*> groups;
  for (const Group& group : surface.groups) {
    if (instances_of(group, drawn) > 0) groups.push_back(&group);
  }
  std::vector<std::string> singles;
  if (kind.victim == FaultKind::Victim::process) {
    singles = control_planes(surface);
    singles.insert(singles.end(), surface.shared_stores.begin(), surface.shared_stores.end());
  }
  if (strikes_zone_proxies(kind))
    singles.insert(singles.end(), surface.zone_proxies.begin(), surface.zone_proxies.end());
  std::uint64_t chosen = random.below(groups.size() + singles.size());
  if (chosen >= groups.size()) return singles[chosen - groups.size()];
  int count = instances_of(*groups[chosen], drawn);
  return groups[chosen]->prefix + "-" + std::to_string(random.below(static_cast<std::uint64_t>(count)));
}

/// A service that has instances.
std::string service_of(const Surface& surface, const Drawn& drawn, Random& random) {
  std::vector<std::string> services;
  for (const Group& group : surface.groups) {
    bool known = std::ranges::find(services, group.service) != services.end();
    if (instances_of(group, drawn) > 0 && !known) services.push_back(group.service);
  }
  return one_of(services, random);
}

/// With the control plane.
int processes(const Surface& surface, const Drawn& drawn) {
  int out = 1;
  for (const Group& group : surface.groups) out += instances_of(group, drawn);
  return out;
}

const FaultKind& kind_of(const SwarmOptions& options, const Drawn& drawn, Random& random) {
  std::vector<std::string> preferred;
  for (const std::string& kind : drawn.kinds) {
    if (std::ranges::find(options.prefer, kind) != options.prefer.end()) preferred.push_back(kind);
  }
  bool prefers = !preferred.empty() && random.below(2) == 0;
  return *find_fault_kind(one_of(prefers ? preferred : drawn.kinds, random));
}

/// It begins between `from` and `to`, and so much before `to` that it is over by the end, as far as that goes.
DrawnFault draw_fault(const Surface& surface, const SwarmOptions& options, const Drawn& drawn, Duration from,
                      Duration to, Random& random) {
  const FaultKind& kind = kind_of(options, drawn, random);
  DrawnFault out;
  out.kind = kind.name;
  if (kind.lasts()) {
    Duration most = std::max(std::min(kind.most, surface.end / 2), grain);
    out.lasts = between(std::min(kind.least, most), most, random);
    if (!options.recoverable && random.below(4) == 0) out.lasts.reset();
  }
  Duration latest = std::min(to, surface.end - out.lasts.value_or(Duration(0)));
  out.at = between(from, std::max(latest, from), random);
  const std::vector<std::string> planes = control_planes(surface);
  switch (kind.victim) {
    case FaultKind::Victim::process:
    case FaultKind::Victim::instance: out.target = process(surface, drawn, kind, random); break;
    case FaultKind::Victim::control_plane:
      out.target = planes.size() == 1 ? planes.front() : one_of(planes, random);
      break;
    case FaultKind::Victim::moving:
    case FaultKind::Victim::zone_control_plane: out.target = one_of(surface.zone_control_planes, random); break;
    case FaultKind::Victim::global: out.target = surface.control_plane; break;
    case FaultKind::Victim::replica: out.target = one_of(surface.replicas, random); break;
    case FaultKind::Victim::shared_store:
      out.target =
          surface.shared_stores.size() == 1 ? surface.shared_stores.front() : one_of(surface.shared_stores, random);
      break;
    case FaultKind::Victim::service: out.service = service_of(surface, drawn, random); break;
    case FaultKind::Victim::some:
      out.service = one_of(services_of_several(surface, drawn), random);
      out.pick = static_cast<std::size_t>(between(1, instances_of_service(surface, drawn, out.service) - 1, 1, random));
      break;
    case FaultKind::Victim::mesh: out.resource.mesh = one_of(surface.meshes, random); break;
    case FaultKind::Victim::resource: out.resource = one_of(surface.resources, random); break;
    case FaultKind::Victim::spare: out.resource = one_of(surface.spare, random); break;
    case FaultKind::Victim::changed: out.resource = one_of(surface.changed, random); break;
    case FaultKind::Victim::load:
      if (random.below(4) != 0) out.load = one_of(surface.loads, random);
      break;
    case FaultKind::Victim::way: {
      bool shaped = !kind.shapes.empty() && random.below(4) == 0 && processes(surface, drawn) >= processes_of_a_shape;
      if (shaped) {
        out.shape = one_of(kind.shapes, random);
        break;
      }
      const auto& way = one_of(surface.ways, random);
      out.between.first = side(surface, drawn, way.first, random);
      out.between.second = side(surface, drawn, way.second, random);
      break;
    }
  }
  bool of_plane = std::ranges::find(planes, out.target) != planes.end();
  for (const Parameter& parameter : kind.parameters) {
    std::string text = draw_parameter(parameter, random);
    if (!parameter.control_plane || of_plane) out.parameters[parameter.name] = std::move(text);
  }
  return out;
}

}  // namespace

int instances_of(const Group& group, const Drawn& drawn) {
  auto found = drawn.instances.find(group.prefix);
  return found == drawn.instances.end() ? group.instances : found->second;
}

Drawn draw(const Surface& surface, const SwarmOptions& options, std::uint64_t seed) {
  Drawn out;
  out.kinds = some_kinds(surface, options, seed);
  if (options.topology) {
    draw_instances(surface, seed, out);
    draw_links(surface, options, seed, out);
  }
  sim::SeededRandom picks = stream("swarm.pick", seed);
  std::int64_t count = out.kinds.empty() ? 0 : between(options.pick_low, options.pick_high, 1, picks);
  for (std::int64_t i = 0; i < count; ++i) {
    sim::SeededRandom random = stream("swarm.fault", seed, static_cast<std::uint64_t>(i));
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
      Drawn more = out;
      more.faults.push_back(draw_fault(surface, options, out, surface.begin, surface.end, random));
      if (options.recoverable && beyond_budget(surface, more)) continue;
      out = std::move(more);
      break;
    }
  }
  std::ranges::stable_sort(out.faults, {}, &DrawnFault::at);
  return out;
}

std::optional<DrawnFault> draw_more(const Surface& surface, const SwarmOptions& options, const Drawn& drawn,
                                    Duration from, std::uint64_t seed, std::string_view event, std::uint64_t number) {
  if (drawn.kinds.empty()) return std::nullopt;
  sim::SeededRandom random = stream("swarm.branch", sim::hash_text(event, seed), number);
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    Drawn more = drawn;
    more.faults.push_back(draw_fault(surface, options, drawn, from, from + soon, random));
    // A store obeys faults only where it began so, long before the branch.
    if (find_fault_kind(more.faults.back().kind)->of_store) continue;
    if (!options.recoverable || !beyond_budget(surface, more)) return more.faults.back();
  }
  return std::nullopt;
}

}  // namespace kumasim::chaos
