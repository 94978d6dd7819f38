/// Topologies as the simulator takes them, and as text.
#include "kumasim/testing/topology.hpp"

#include <ostream>

#include <fmt/format.h>

namespace kumasim::testing {
namespace {

constexpr std::uint32_t one_in_a_hundred = 10'000;  // parts of a million

sim::DelayLaw delay_law(const Link& link) {
  switch (link.law) {
    case Link::Law::constant: return sim::DelayLaw::constant(link.low);
    case Link::Law::uniform: return sim::DelayLaw::uniform({.min = link.low, .max = link.high});
    case Link::Law::exponential: return sim::DelayLaw::exponential(link.low);
    case Link::Law::lognormal: return sim::DelayLaw::lognormal({.p50 = link.low, .p99 = link.high});
    case Link::Law::bimodal:
      return sim::DelayLaw::bimodal({.fast = link.low, .slow = link.high, .slow_ppm = one_in_a_hundred});
  }
  return {};
}

std::string delay_text(const Link& link) {
  auto low = std::chrono::floor<std::chrono::microseconds>(link.low).count();
  auto high = std::chrono::floor<std::chrono::microseconds>(link.high).count();
  switch (link.law) {
    case Link::Law::constant: return fmt::format("{}us", low);
    case Link::Law::uniform: return fmt::format("{{law: uniform, low: {}us, high: {}us}}", low, high);
    case Link::Law::exponential: return fmt::format("{{law: exp, mean: {}us}}", low);
    case Link::Law::lognormal: return fmt::format("{{law: lognormal, p50: {}us, p99: {}us}}", low, high);
    case Link::Law::bimodal: return fmt::format("{{law: bimodal, fast: {}us, slow: {}us, share: 1%}}", low, high);
  }
  return "";
}

}  // namespace

std::vector<std::string> Topology::of(std::string_view role) const {
  std::vector<std::string> out;
  for (const std::string& process : processes) {
    std::string_view rest = process;
    if (!rest.starts_with(role)) continue;
    rest.remove_prefix(role.size());
    bool numbered = rest.size() > 1 && rest[0] == '-' && rest.find_first_not_of("0123456789", 1) == rest.npos;
    if (rest.empty() || numbered) out.push_back(process);
  }
  return out;
}

sim::LinkOptions link_options(const Link& link) { return {.delay = delay_law(link), .loss_ppm = link.loss_ppm}; }

std::string to_string(const Link& link) {
  std::string out = fmt::format("{{between: [{}, {}], delay: {}", link.a, link.b, delay_text(link));
  if (link.loss_ppm > 0) out += fmt::format(", loss: {}%", link.loss_ppm / 10'000.0);
  return out + "}";
}

std::string to_string(const Topology& topology) {
  std::string out = fmt::format("{}\n", fmt::join(topology.processes, ", "));
  for (const Link& link : topology.links) out += to_string(link) + "\n";
  return out;
}

std::ostream& operator<<(std::ostream& out, const Link& link) { return out << to_string(link); }
std::ostream& operator<<(std::ostream& out, const Topology& topology) { return out << to_string(topology); }

}  // namespace kumasim::testing
