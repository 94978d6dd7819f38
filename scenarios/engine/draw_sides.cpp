#include "scenarios/engine/draw_sides.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kumasim::scenario {
namespace {

/// Which directions a fault strikes, of those between a first and a second process.
struct Directions {
  bool forth = true, back = true;

  static Directions of(const FaultOrder& order) {
    if (!order.has("direction")) return {};
    const std::string& word = order.word("direction");
    return {word != "otherWay", word != "oneWay"};
  }
  void add(FaultOrder& order, const std::string& first, const std::string& second) const {
    if (forth) order.ways.push_back({first, second});
    if (back) order.ways.push_back({second, first});
  }
};

}  // namespace

Names pick(Names from, std::size_t count, Random& random) {
  Names out;
  while (out.size() < count && !from.empty()) {
    auto index = static_cast<std::ptrdiff_t>(random.below(from.size()));
    out.push_back(from[static_cast<std::size_t>(index)]);
    from.erase(from.begin() + index);
  }
  return out;
}

Names choose(const Scenario& scenario, const Selection& selection, Random& random) {
  Names fitting;
  for (const Instance& instance : scenario.instances) {
    if (selection.takes(instance)) fitting.push_back(instance.process);
  }
  return selection.pick == 0 ? fitting : pick(std::move(fitting), selection.pick, random);
}

void isolate(FaultOrder& order, const Names& all) {
  for (const std::string& one : order.processes) {
    for (const std::string& other : all) {
      if (other != one) Directions::of(order).add(order, one, other);
    }
  }
}

void deduplicate(std::vector<Way>& ways) {
  std::set<Way> seen;
  std::erase_if(ways, [&](const Way& way) { return !seen.insert(way).second; });
}

void split(FaultOrder& order, const Names& one_side, const Names& other_side) {
  for (const std::string& one : one_side) {
    for (const std::string& other : other_side) {
      if (one != other) Directions::of(order).add(order, one, other);
    }
  }
}

Names choose_for_shape(const Scenario& scenario, const Selection& selection, const std::string& word, Random& random) {
  for (;;) {
    Names out = choose(scenario, selection, random);
    std::set<std::string> zones;
    for (const std::string& process : out) zones.insert(scenario.zone_of(process));
    zones.erase("");
    if (word != "byZone" || zones.size() > 1) return out;
  }
}

std::string shape(FaultOrder& order, const Scenario& scenario, const Names& among, Random& random) {
  const std::string& word = order.word("shape");
  if (word == "byZone") {
    std::map<std::string, Names> zones;
    for (const std::string& process : among) zones[scenario.zone_of(process)].push_back(process);
    zones.erase("");
    for (auto one = zones.begin(); one != zones.end(); ++one) {
      for (auto other = std::next(one); other != zones.end(); ++other) split(order, one->second, other->second);
    }
    return "the zones";
  }
  if (among.size() < 2) return "nobody";
  Names shuffled = pick(among, among.size(), random);
  std::size_t half = shuffled.size() / 2;
  std::size_t first = word == "minority" ? 1 + random.below(std::max<std::size_t>((shuffled.size() - 1) / 2, 1)) : half;
  auto cut = shuffled.begin() + static_cast<std::ptrdiff_t>(first);
  // The one that sees both is the last.
  auto end = word == "bridge" ? std::prev(shuffled.end()) : shuffled.end();
  Names one_side(shuffled.begin(), std::min(cut, end)), other_side(std::min(cut, end), end);
  split(order, one_side, other_side);
  std::ranges::sort(one_side);
  std::ranges::sort(other_side);
  return fmt::format("{} from {}", fmt::join(one_side, ", "), fmt::join(other_side, ", "));
}

std::string split_global(FaultOrder& order, const Scenario& scenario, Random& random) {
  const Names& replicas = scenario.control_plane.replicas;
  if (order.processes == replicas) order.processes = pick(replicas, 1 + random.below(replicas.size() / 2), random);
  std::ranges::sort(order.processes);
  Names others = replicas;
  std::erase_if(others, [&](const std::string& replica) {
    return std::ranges::find(order.processes, replica) != order.processes.end();
  });
  others.push_back(scenario.control_plane.store_process());
  split(order, order.processes, others);
  return fmt::format("{} from {}", fmt::join(order.processes, ", "), fmt::join(others, ", "));
}

}  // namespace kumasim::scenario
