/// Look-ups in a scenario and names of its parts.
#include "kumasim/scenario/scenario.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace kumasim::scenario {
namespace {

void add_calls(const std::vector<WorkStep>& steps, std::vector<std::string>& out) {
  for (const WorkStep& step : steps) {
    if (step.call) out.push_back(step.call->to);
    add_calls(step.together, out);
  }
}

/// All that is in a zone, or in the zones of a region.
std::vector<std::string> processes_in(const Scenario& scenario, const std::string& place) {
  std::vector<std::string> out;
  for (const std::string& process : scenario.processes()) {
    const Zone* zone = scenario.find_zone(scenario.zone_of(process));
    if (zone != nullptr && (zone->name == place || zone->region == place)) out.push_back(process);
  }
  return out;
}

}  // namespace

std::vector<std::string> called_by(const Application& application) {
  std::vector<std::string> out;
  add_calls(application.script, out);
  return out;
}

std::vector<std::pair<std::string, std::string>> Scenario::flows() const {
  std::vector<std::pair<std::string, std::string>> out;
  std::set<std::pair<std::string, std::string>> known;
  auto add = [&](const std::string& from, const std::string& to) {
    if (known.emplace(from, to).second) out.emplace_back(from, to);
  };
  for (const Load& calls : load) add(calls.from, calls.to);
  for (const Instance& instance : instances) {
    for (const std::string& to : called_by(instance.application)) add(instance.service, to);
  }
  return out;
}

const Service* Scenario::find_service(std::string_view wanted) const {
  auto found = std::ranges::find(services, wanted, &Service::name);
  return found == services.end() ? nullptr : &*found;
}

const Instance* Scenario::find_instance(std::string_view process) const {
  auto found = std::ranges::find(instances, process, &Instance::process);
  return found == instances.end() ? nullptr : &*found;
}

std::vector<std::string> Scenario::processes_of(const std::string& wanted) const {
  bool is_process =
      is_control_plane(wanted) || is_store(wanted) || is_zone_proxy(wanted) || find_instance(wanted) != nullptr;
  if (is_process) return {wanted};
  if (const ControlPlaneSpec* several = find_replicated(wanted)) return several->replicas;
  if (is_place(wanted)) return processes_in(*this, wanted);
  std::vector<std::string> out;
  for (const Instance& instance : instances) {
    if (instance.service == wanted) out.push_back(instance.process);
  }
  return out;
}

bool Selection::takes(const Instance& instance) const {
  auto has = [&](const std::string& key, const std::string& text) {
    auto found = instance.tags.find(key);
    return found != instance.tags.end() && found->second == text;
  };
  if (!service.empty() && instance.service != service) return false;
  if (!zone.empty() && !has("kuma.io/zone", zone)) return false;
  return std::ranges::all_of(tags, [&](const auto& tag) { return has(tag.first, tag.second); });
}

Diagnostics faults_refused(const Scenario& scenario, std::string_view world) {
  Diagnostics out;
  bool live = world == "live";
  for (std::size_t i = 0; i < scenario.faults.size(); ++i) {
    const Fault& fault = scenario.faults[i];
    std::string path = fmt::format("spec.faults[{}]", i);
    auto refuse = [&](const std::string& field, std::string_view what, std::string_view why) {
      out.push_back({scenario.file,
                     fault.mark,
                     path + field,
                     fmt::format("{} does not work in the {} world: {}", what, live ? "live" : "simulated", why),
                     {}});
    };
    std::string_view reason = live ? fault.kind->not_live : fault.kind->not_sim;
    if (!reason.empty()) refuse(".fault", fault.kind->name, reason);
    for (const auto& [name, value] : fault.values) {
      const fault::Parameter& parameter = *fault.kind->find_parameter(name);
      bool other = value.word != parameter.fallback;
      if (live && !parameter.not_live.empty() && other)
        refuse("." + name, fmt::format("`{}` of {}", name, fault.kind->name), parameter.not_live);
    }
  }
  return out;
}

std::string Expectation::title() const {
  switch (mode) {
    case Mode::always: return "always " + text;
    case Mode::sometimes: return "sometimes " + text;
    case Mode::usually:
      return fmt::format("usually ({} of runs, {} sure) {} to {}: {}", percent_text(share), percent_text(confidence),
                         duration_text(from), duration_text(to), text);
    case Mode::during: return fmt::format("{} to {}: {}", duration_text(from), duration_text(to), text);
    case Mode::eventually:
      return fmt::format("within {} after {}: {}", duration_text(to - from), duration_text(from), text);
  }
  return text;
}

}  // namespace kumasim::scenario
