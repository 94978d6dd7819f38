#include "scenarios/live/live_links.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "kumasim/sim/seeded_random.hpp"
#include "scenarios/engine/law.hpp"

namespace kumasim::scenario {
namespace {

constexpr std::uint64_t million = 1'000'000;

struct Line {
  sim::DelayLaw delay;
  std::uint64_t loss_ppm = 0;
};

/// Of a later link counts what it says, as in the simulated world.
struct Lines {
  explicit Lines(std::size_t ports) : count(ports), all(ports * ports) {}
  Line& between(std::size_t from, std::size_t to) { return all[from * count + to]; }

  void add(const Link& link, std::size_t from, std::size_t to) {
    if (link.delay) between(from, to).delay = to_sim(*link.delay);
    between(from, to).loss_ppm = static_cast<std::uint64_t>(link.loss_ppm);
  }

  std::size_t count;
  std::vector<Line> all;
  sim::SeededRandom random{1};
};

}  // namespace

live::EthernetSwitch::Way way_of_links(const Scenario& scenario) {
  if (scenario.links.empty()) return {};
  std::vector<std::string> processes = scenario.processes();
  auto lines = std::make_shared<Lines>(processes.size());
  auto ports = [&](const std::string& name) {
    std::vector<std::size_t> out;
    for (const std::string& process : scenario.processes_of(name))
      out.push_back(static_cast<std::size_t>(std::ranges::find(processes, process) - processes.begin()));
    return out;
  };
  for (const Link& link : scenario.links) {
    for (std::size_t a : ports(link.between[0])) {
      for (std::size_t b : ports(link.between[1])) {
        if (a == b) continue;
        lines->add(link, a, b);
        lines->add(link, b, a);
      }
    }
  }
  return [lines](std::size_t from, std::size_t to) -> std::optional<Duration> {
    const Line& line = lines->between(from, to);
    if (line.loss_ppm > 0 && lines->random.below(million) < line.loss_ppm) return std::nullopt;
    return line.delay.draw(lines->random);
  };
}

}  // namespace kumasim::scenario
