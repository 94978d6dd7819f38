/// Faults and changes with the values of a plan.
#include "scenarios/explore/narrow.hpp"

#include <algorithm>

#include "kumasim/sim/hash.hpp"
#include "kumasim/sim/seeded_random.hpp"
#include "scenarios/engine/fault_value.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

/// The beginning of the fault and, where it has one, its end; null where the plan has none.
struct Drawn {
  const Action* begin = nullptr;
  const Action* end = nullptr;
};

Drawn find(const Plan& plan, std::size_t fault) {
  Drawn out;
  for (const Action& action : plan.actions) {
    if (action.order.kind == nullptr || action.order.place() != fault) continue;
    if (action.kind == Action::Kind::begin && out.begin == nullptr) out.begin = &action;
    if (action.kind == Action::Kind::end && out.end == nullptr) out.end = &action;
  }
  return out;
}

json value_json(const fault::Parameter& parameter, const FaultValue& value) {
  using Type = fault::Parameter::Type;
  switch (parameter.type) {
    case Type::number: return value.low;
    case Type::percent: return percent_text(value.low);
    case Type::duration:
    case Type::offset: return duration_text(Duration(value.low));
    default: return value.word;
  }
}

/// One fault for each process that the seed chose.
std::vector<json> narrowed_fault(json fault, const Fault& of, const Drawn& drawn) {
  if (of.when || of.every || drawn.begin == nullptr) return {std::move(fault)};
  fault["at"] = duration_text(drawn.begin->at);
  if (!of.kind->made_of.empty()) return {std::move(fault)};
  if (drawn.end != nullptr) fault["for"] = duration_text(drawn.end->at - drawn.begin->at);
  for (const fault::Parameter& parameter : of.kind->parameters) {
    std::string name(parameter.name);
    bool range = fault.contains(name) && fault[name].is_array() && parameter.type != fault::Parameter::Type::delay;
    if (range) fault[name] = value_json(parameter, drawn.begin->order.values.find(parameter.name)->second);
  }
  if (!fault.contains("select") || fault.contains("shape")) return {std::move(fault)};
  std::vector<json> out;
  for (const std::string& process : drawn.begin->order.processes) {
    json one = fault;
    one.erase("select");
    one["target"] = process;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

json narrowed(const json& document, const Scenario& scenario, const Plan& plan) {
  json out = document;
  json& spec = out["spec"];
  if (spec.contains("faults")) {
    json faults = json::array();
    for (std::size_t i = 0; i < scenario.faults.size(); ++i) {
      for (json& one : narrowed_fault(spec["faults"][i], scenario.faults[i], find(plan, i)))
        faults.push_back(std::move(one));
    }
    spec["faults"] = std::move(faults);
  }
  for (std::size_t i = 0; i < scenario.changes.size(); ++i) {
    sim::SeededRandom random(sim::mix(sim::hash_text("change", plan.seed), i));  // as make_plan draws
    spec["changes"][i]["at"] = duration_text(draw(scenario.changes[i].at, random));
  }
  return out;
}

}  // namespace kumasim::scenario
