/// Drawing of ranges and choices, and the order of actions.
#include "kumasim/scenario/plan.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/sim/hash.hpp"
#include "kumasim/sim/seeded_random.hpp"
#include "scenarios/engine/reader.hpp"

namespace kumasim::scenario {
namespace {

Duration draw(const Span& span, Random& random) {
  if (span.fixed()) return span.low;
  // Milliseconds are fine enough, and read well in a report.
  auto grain = std::chrono::nanoseconds(std::chrono::milliseconds(1)).count();
  auto steps = static_cast<std::uint64_t>((span.high - span.low).count() / grain);
  std::uint64_t step = random.below(steps + 1);
  return span.low + Duration(static_cast<std::int64_t>(step) * grain);
}

std::vector<std::string> choose(const Scenario& scenario, const Selection& selection, Random& random) {
  std::vector<std::string> fitting;
  for (const Instance& instance : scenario.instances) {
    bool fits = instance.service == selection.service;
    for (const auto& [key, text] : selection.tags) {
      auto found = instance.tags.find(key);
      fits = fits && found != instance.tags.end() && found->second == text;
    }
    if (fits) fitting.push_back(instance.process);
  }
  if (selection.pick == 0) return fitting;
  std::vector<std::string> out;
  while (out.size() < selection.pick && !fitting.empty()) {
    auto index = static_cast<std::ptrdiff_t>(random.below(fitting.size()));
    out.push_back(fitting[static_cast<std::size_t>(index)]);
    fitting.erase(fitting.begin() + index);
  }
  return out;
}

class Planner {
 public:
  Planner(const Scenario& scenario, Plan& plan) : scenario_(scenario), plan_(plan) {}

  void add_fault(const Fault& fault, Random& random) {
    using Kind = Fault::Kind;
    Duration at = draw(fault.at, random);
    std::optional<Duration> lasts;
    if (fault.lasts) lasts = draw(*fault.lasts, random);
    Action action;
    action.at = at;
    action.fault = true;
    bool process = fault.kind == Kind::kill || fault.kind == Kind::restart || fault.kind == Kind::pause ||
                   fault.kind == Kind::resume;
    std::string whom;
    if (process) {
      action.processes = fault.select ? choose(scenario_, *fault.select, random) : std::vector{fault.target};
      whom = fmt::format("{}", fmt::join(action.processes, ", "));
    } else {
      action.side_a = scenario_.processes_of(fault.between[0]);
      action.side_b = scenario_.processes_of(fault.between[1]);
      action.link = fault.link;
      whom = fmt::format("{} and {}", fault.between[0], fault.between[1]);
    }
    switch (fault.kind) {
      case Kind::kill:
        return add_pair(action, Action::Kind::kill, "kill " + whom, Action::Kind::start, "start " + whom, lasts);
      case Kind::pause:
        return add_pair(action, Action::Kind::pause, "pause " + whom, Action::Kind::resume, "resume " + whom, lasts);
      case Kind::partition:
        return add_pair(action, Action::Kind::partition, "partition " + whom, Action::Kind::heal, "heal " + whom,
                        lasts);
      case Kind::delay:
        return add_pair(action, Action::Kind::set_link, "slow the link of " + whom, Action::Kind::reset_link,
                        "restore the link of " + whom, lasts);
      case Kind::restart:
        return add_pair(action, Action::Kind::restart, "restart " + whom, Action::Kind::start, "", {});
      case Kind::resume:
        action.fault = false;
        action.recovery = true;
        return add_pair(action, Action::Kind::resume, "resume " + whom, Action::Kind::start, "", {});
      case Kind::heal:
        action.fault = false;
        action.recovery = true;
        return add_pair(action, Action::Kind::heal, "heal " + whom, Action::Kind::start, "", {});
    }
  }

  void add_change(const Change& change, Random& random) {
    Action action;
    action.at = draw(change.at, random);
    if (change.apply.is_null()) {
      action.kind = Action::Kind::remove;
      action.type = change.delete_type;
      action.mesh = change.delete_mesh;
      action.name = change.delete_name;
      action.text = fmt::format("delete {} {}", action.type, action.name);
    } else {
      ResourceName is = resource_name(change.apply);
      action.kind = Action::Kind::apply;
      action.resource = change.apply;
      action.type = is.type;
      action.mesh = is.mesh;
      action.name = is.name;
      action.text = fmt::format("apply {} {}", action.type, action.name);
    }
    plan_.actions.push_back(std::move(action));
  }

 private:
  void add_pair(Action action, Action::Kind kind, std::string text, Action::Kind undo, std::string undo_text,
                std::optional<Duration> lasts) {
    action.kind = kind;
    action.text = std::move(text);
    plan_.actions.push_back(action);
    if (!lasts) return;
    action.at += *lasts;
    action.kind = undo;
    action.text = std::move(undo_text);
    action.fault = false;
    action.recovery = true;
    plan_.actions.push_back(std::move(action));
  }

  const Scenario& scenario_;
  Plan& plan_;
};

}  // namespace

Plan make_plan(const Scenario& scenario, std::uint64_t seed) {
  Plan plan;
  plan.seed = seed;
  Planner planner(scenario, plan);
  for (std::size_t i = 0; i < scenario.faults.size(); ++i) {
    sim::SeededRandom random(sim::mix(sim::hash_text("fault", seed), i));
    planner.add_fault(scenario.faults[i], random);
  }
  for (std::size_t i = 0; i < scenario.changes.size(); ++i) {
    sim::SeededRandom random(sim::mix(sim::hash_text("change", seed), i));
    planner.add_change(scenario.changes[i], random);
  }
  std::ranges::stable_sort(plan.actions, {}, &Action::at);
  return plan;
}

std::vector<std::string> plan_lines(const Plan& plan) {
  std::vector<std::string> out;
  for (const Action& action : plan.actions) out.push_back(fmt::format("{} {}", duration_text(action.at), action.text));
  return out;
}

}  // namespace kumasim::scenario
