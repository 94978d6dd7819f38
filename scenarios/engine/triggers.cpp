#include "scenarios/engine/triggers.hpp"

#include <algorithm>

#include "scenarios/engine/draw_fault.hpp"
#include "scenarios/engine/fault_value.hpp"

namespace kumasim::scenario {

Triggers::Triggers(const Scenario& scenario, const Plan& plan, MeshWorld& world, std::function<void(const Action&)> act)
    : scenario_(&scenario), seed_(plan.seed), world_(world), act_(std::move(act)) {
  for (const PlannedTrigger& trigger : plan.triggers)
    waiting_.push_back({trigger.fault, sim::SeededRandom(fault_seed(plan.seed, trigger.fault))});
}

void Triggers::see(const Event& event) {
  for (Waiting& waiting : waiting_) {
    const Trigger& when = *scenario_->faults[waiting.fault].when;
    bool wanted = when.event == event.name && std::ranges::all_of(when.where, [&](const auto& field) {
                    auto found = event.fields.find(field.first);
                    return found != event.fields.end() && found->second == field.second;
                  });
    if (!wanted) continue;
    ++waiting.seen;
    if (when.occurrence == 0 ? world_.now() > waiting.busy : waiting.seen == when.occurrence) fire(waiting, event);
  }
  if (!branch_ || !known_.insert(event.name).second) return;
  const Scenario* more = branch_(event, world_.now());
  if (more == nullptr) return;
  branch_ = nullptr;
  scenario_ = more;
  std::size_t last = more->faults.size() - 1;
  waiting_.push_back({.fault = last, .random = sim::SeededRandom(fault_seed(seed_, last)), .seen = 1});
  fire(waiting_.back(), event);
}

void Triggers::fire(Waiting& waiting, const Event& event) {
  const Trigger& when = *scenario_->faults[waiting.fault].when;
  Occasion occasion{.at = world_.now() + draw(when.after, waiting.random), .turn = waiting.turn++};
  if (auto process = event.fields.find("process"); process != event.fields.end()) occasion.process = process->second;
  std::vector<Action> actions = draw_fault(*scenario_, waiting.fault, occasion, waiting.random);
  auto is_end = [](const Action& action) { return action.kind == Action::Kind::end; };
  bool for_good = scenario_->faults[waiting.fault].kind->lasting && std::ranges::none_of(actions, is_end);
  if (for_good && !actions.empty()) waiting.busy = Duration::max();
  for (Action& action : actions) {
    waiting.busy = std::max(waiting.busy, action.at);
    fired_.push_back(std::move(action));
    world_.at(fired_.back().at, [this, &fired = fired_.back()] { act_(fired); });
  }
}

void Triggers::compare(const StateSample& before, const StateSample& now) {
  for (const auto& [process, proxy] : now.proxies) {
    auto found = before.proxies.find(process);
    if (found == before.proxies.end()) continue;
    const ProxyState& last = found->second;
    if (proxy.connected != last.connected)
      see(event_of(*scenario_, proxy.connected ? "ads.opened" : "ads.closed", process));
    if (proxy.life != last.life) continue;
    if (proxy.accepted > last.accepted) see(event_of(*scenario_, "proxy.acked", process));
    if (proxy.refused > last.refused) see(event_of(*scenario_, "proxy.nacked", process));
  }
}

Event event_of(const Scenario& scenario, std::string_view name, const std::string& process, std::string type) {
  Event out{.name = name, .fields = {{"process", process}}};
  if (const Instance* instance = scenario.find_instance(process)) out.fields["service"] = instance->service;
  if (!type.empty()) out.fields["type"] = std::move(type);
  return out;
}

}  // namespace kumasim::scenario
