/// Which processes of a scenario are where, and which control plane is theirs.
#include <algorithm>
#include <iterator>

#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {
namespace {

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

const Zone* Scenario::find_zone(std::string_view wanted) const {
  auto found = std::ranges::find(zones, wanted, &Zone::name);
  return found == zones.end() ? nullptr : &*found;
}

bool Scenario::is_zone_proxy(std::string_view process) const {
  return std::ranges::any_of(
      zones, [&](const Zone& zone) { return has(zone.ingresses, process) || has(zone.egresses, process); });
}

bool Scenario::is_place(std::string_view wanted) const {
  return !wanted.empty() &&
         std::ranges::any_of(zones, [&](const Zone& zone) { return zone.name == wanted || zone.region == wanted; });
}

std::vector<std::string> ControlPlaneSpec::processes() const { return replicas.empty() ? std::vector{name} : replicas; }

std::string ControlPlaneSpec::store_process() const { return replicas.empty() ? std::string() : name + "-store"; }

bool Scenario::is_control_plane(std::string_view process) const { return has(control_planes(), process); }

bool Scenario::is_store(std::string_view process) const { return has(stores(), process); }

std::vector<const ControlPlaneSpec*> Scenario::replicated() const {
  std::vector<const ControlPlaneSpec*> out;
  if (!control_plane.replicas.empty()) out.push_back(&control_plane);
  for (const Zone& zone : zones)
    if (!zone.control_plane.replicas.empty()) out.push_back(&zone.control_plane);
  return out;
}

const ControlPlaneSpec* Scenario::find_replicated(std::string_view wanted) const {
  for (const ControlPlaneSpec* spec : replicated())
    if (spec->name == wanted) return spec;
  return nullptr;
}

std::vector<std::string> Scenario::control_planes() const {
  std::vector<std::string> out = control_plane.processes();
  for (const Zone& zone : zones) std::ranges::copy(zone.control_plane.processes(), std::back_inserter(out));
  return out;
}

std::vector<std::string> Scenario::stores() const {
  std::vector<std::string> out;
  for (const ControlPlaneSpec* spec : replicated()) out.push_back(spec->store_process());
  return out;
}

std::vector<std::string> Scenario::zone_proxies() const {
  std::vector<std::string> out;
  for (const Zone& zone : zones) {
    out.insert(out.end(), zone.ingresses.begin(), zone.ingresses.end());
    out.insert(out.end(), zone.egresses.begin(), zone.egresses.end());
  }
  return out;
}

std::vector<std::string> Scenario::processes() const {
  std::vector<std::string> out = control_planes();
  std::ranges::copy(stores(), std::back_inserter(out));
  std::ranges::copy(zone_proxies(), std::back_inserter(out));
  std::ranges::transform(instances, std::back_inserter(out), &Instance::process);
  return out;
}

bool ControlPlaneSpec::asks_for_tokens() const {
  auto type = settings.find("KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE");
  return type != settings.end() && type->second == "dpToken";
}

std::string Instance::zone() const {
  auto tag = tags.find("kuma.io/zone");
  return tag == tags.end() ? std::string() : tag->second;
}

std::string Scenario::zone_of(std::string_view process) const {
  if (const Instance* instance = find_instance(process)) return instance->zone();
  for (const Zone& zone : zones) {
    const ControlPlaneSpec& plane = zone.control_plane;
    bool of_plane = plane.name == process || has(plane.replicas, process) ||
                    (!plane.replicas.empty() && plane.store_process() == process);
    if (of_plane || has(zone.ingresses, process) || has(zone.egresses, process)) return zone.name;
  }
  return {};
}

const ControlPlaneSpec& Scenario::control_plane_in(std::string_view zone) const {
  const Zone* found = find_zone(zone);
  return found == nullptr ? control_plane : found->control_plane;
}

const ControlPlaneSpec& Scenario::control_plane_of(std::string_view process) const {
  return zones.empty() ? control_plane : control_plane_in(zone_of(process));
}

}  // namespace kumasim::scenario
