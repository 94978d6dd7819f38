/// Look-ups in a scenario and names of its parts.
#include "kumasim/scenario/scenario.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace kumasim::scenario {

const Service* Scenario::find_service(std::string_view wanted) const {
  auto found = std::ranges::find(services, wanted, &Service::name);
  return found == services.end() ? nullptr : &*found;
}

const Instance* Scenario::find_instance(std::string_view process) const {
  auto found = std::ranges::find(instances, process, &Instance::process);
  return found == instances.end() ? nullptr : &*found;
}

std::vector<std::string> Scenario::processes_of(const std::string& wanted) const {
  if (wanted == control_plane.name || find_instance(wanted) != nullptr) return {wanted};
  std::vector<std::string> out;
  for (const Instance& instance : instances) {
    if (instance.service == wanted) out.push_back(instance.process);
  }
  return out;
}

std::string fault_name(Fault::Kind kind) {
  switch (kind) {
    case Fault::Kind::kill: return "proc.kill";
    case Fault::Kind::restart: return "proc.restart";
    case Fault::Kind::pause: return "proc.pause";
    case Fault::Kind::resume: return "proc.resume";
    case Fault::Kind::partition: return "net.partition";
    case Fault::Kind::heal: return "net.heal";
    case Fault::Kind::delay: return "net.delay";
  }
  return "";
}

std::string Expectation::title() const {
  switch (mode) {
    case Mode::always: return "always " + text;
    case Mode::during: return fmt::format("{} to {}: {}", duration_text(from), duration_text(to), text);
    case Mode::eventually:
      return fmt::format("within {} after {}: {}", duration_text(to - from), duration_text(from), text);
  }
  return text;
}

}  // namespace kumasim::scenario
