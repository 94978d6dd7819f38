/// Swarm and liveness.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "kumasim/chaos/fault_kind.hpp"
#include "scenarios/engine/reader.hpp"

namespace kumasim::scenario {
namespace {

/// 2 or "0..3", as the grammar lets through.
std::array<int, 2> count_range(const nlohmann::json& value) {
  if (value.is_number()) return {value.get<int>(), value.get<int>()};
  const auto& text = value.get_ref<const std::string&>();
  std::size_t dots = text.find("..");
  std::array<int, 2> out{};
  std::from_chars(text.data(), text.data() + dots, out[0]);
  std::from_chars(text.data() + dots + 2, text.data() + text.size(), out[1]);
  return out;
}

}  // namespace

void Reader::read_swarm(const json& swarm, const std::string& path) {
  Swarm& out = scenario_.swarm;
  out.recoverable = swarm.value("budget", "recoverable") == "recoverable";
  auto range = [&](const json& value, const std::string& at) {
    std::array<int, 2> counts = count_range(value);
    if (counts[0] > counts[1]) complain(at, "the range is empty: its first end is above its second");
    return counts;
  };
  if (swarm.contains("pick")) {
    std::array<int, 2> pick = range(swarm["pick"], child_path(path, "pick"));
    if (pick[1] > 100) complain(child_path(path, "pick"), "a seed gets at most 100 faults");
    out.pick_low = pick[0];
    out.pick_high = pick[1];
  }
  if (swarm.contains("from")) {
    out.from = swarm["from"].get<std::vector<std::string>>();
    for (std::size_t i = 0; out.recoverable && i < out.from.size(); ++i) {
      if (!chaos::find_fault_kind(out.from[i])->recoverable)
        complain(child_path(child_path(path, "from"), i), fmt::format("nothing recovers from {}", out.from[i]),
                 "take it out, or set budget: none");
    }
  }
  if (swarm.contains("instances")) {
    std::string at = child_path(path, "instances");
    for (const auto& [service, value] : swarm["instances"].items()) {
      known_service(service, child_path(at, service));
      std::array<int, 2> counts = range(value, child_path(at, service));
      if (counts[0] < 1) complain(child_path(at, service), "a group has one instance at least");
      out.instances[service] = counts;
    }
  }
  if (swarm.contains("delay")) out.delay = span(swarm["delay"], child_path(path, "delay"));
}

void Reader::read_liveness(const json& value, const std::string& path) {
  Liveness out{duration(value["after"], child_path(path, "after")),
               duration(value["within"], child_path(path, "within"))};
  if (out.after + out.within > scenario_.duration)
    complain(path, "ends after the run: `after` and `within` together are longer than `duration`");
  if (out.within <= Duration(0)) complain(child_path(path, "within"), "must be above 0s");
  for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
    if (scenario_.faults[i].at.high > out.after)
      complain(child_path(child_path("spec.faults", i), "at"), "is after the heal of spec.liveness");
  }
  scenario_.liveness = out;
  Expectation converged;
  converged.mode = Expectation::Mode::eventually;
  converged.from = out.after;
  converged.to = out.after + out.within;
  converged.that.kind = Predicate::Kind::converged;
  converged.text = "converged";
  converged.mark = document_.mark(path);
  scenario_.expectations.push_back(std::move(converged));
}

}  // namespace kumasim::scenario
