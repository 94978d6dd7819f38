/// Drawing of ranges and choices, and the order of actions.
#include "kumasim/scenario/plan.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "kumasim/sim/hash.hpp"
#include "kumasim/sim/seeded_random.hpp"
#include "scenarios/engine/draw_fault.hpp"
#include "scenarios/engine/fault_value.hpp"
#include "scenarios/engine/reader.hpp"

namespace kumasim::scenario {
namespace {

class Planner {
 public:
  Planner(const Scenario& scenario, Plan& plan) : scenario_(scenario), plan_(plan) {}

  /// Once, or again and again to the end of the run.
  void add_fault(std::size_t index, Random& random) {
    const Fault& fault = scenario_.faults[index];
    if (fault.when) {
      plan_.triggers.push_back({index, trigger_text(fault)});
      return;
    }
    Duration at = draw(fault.at, random);
    for (std::uint64_t turn = 0; turn == 0 || at <= scenario_.duration; ++turn) {
      std::vector<Action> actions = draw_fault(scenario_, index, {.at = at, .turn = turn}, random);
      plan_.actions.insert(plan_.actions.end(), actions.begin(), actions.end());
      if (!fault.every) break;
      at += draw(*fault.every, random);
    }
  }

  void add_change(const Change& change, Random& random) {
    Action action;
    action.at = draw(change.at, random);
    action.zone = change.zone;
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
    if (!action.zone.empty()) action.text += fmt::format(" (zone {})", action.zone);
    plan_.actions.push_back(std::move(action));
  }

 private:
  const Scenario& scenario_;
  Plan& plan_;
};

}  // namespace

Plan make_plan(const Scenario& scenario, std::uint64_t seed) {
  Plan plan;
  plan.seed = seed;
  Planner planner(scenario, plan);
  for (std::size_t i = 0; i < scenario.faults.size(); ++i) {
    sim::SeededRandom random(fault_seed(seed, i));
    planner.add_fault(i, random);
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
  for (const PlannedTrigger& trigger : plan.triggers) out.push_back(trigger.text);
  return out;
}

}  // namespace kumasim::scenario
