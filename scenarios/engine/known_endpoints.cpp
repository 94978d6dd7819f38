#include "scenarios/engine/known_endpoints.hpp"

#include <algorithm>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::scenario {
namespace {

/// Meshes whose calls to other zones leave by an egress.
std::set<std::string> meshes_by_egress(const Scenario& scenario) {
  std::set<std::string> out;
  if (std::ranges::all_of(scenario.zones, [](const Zone& zone) { return zone.egresses.empty(); })) return out;
  for (const ResourceText& text : scenario.resources) {
    if (resource_name(text.body).type != "Mesh") continue;
    auto mesh = cp::resource_from_json(text.body);
    if (!mesh) continue;
    nlohmann::json routing = mesh->spec.value("routing", nlohmann::json::object());
    if (routing.is_object() && routing.value("zoneEgress", false)) out.insert(mesh->meta.name);
  }
  return out;
}

}  // namespace

KnownEndpoints::KnownEndpoints(const Scenario& scenario, const Observations& seen, const StateSample& sample)
    : scenario_(scenario), seen_(seen), sample_(sample), by_egress_(meshes_by_egress(scenario)) {
  for (const Zone& zone : scenario.zones) {
    if (!sample.silent.contains(zone.control_plane.name)) continue;
    for (const std::string& ingress : zone.ingresses) lost_.insert(address_of(ingress));
  }
}

bool KnownEndpoints::runs(const std::string& process) const {
  auto state = sample_.proxies.find(process);
  return state != sample_.proxies.end() && state->second.up;
}

std::string KnownEndpoints::address_of(const std::string& process) const {
  auto state = sample_.proxies.find(process);
  if (state != sample_.proxies.end() && !state->second.address.empty()) return state->second.address;
  auto address = seen_.addresses.find(process);
  return address == seen_.addresses.end() ? std::string() : address->second;
}

void KnownEndpoints::add_running(const std::vector<std::string>& processes, std::set<std::string>& out) const {
  for (const std::string& process : processes) {
    std::string address = runs(process) ? address_of(process) : std::string();
    if (!address.empty()) out.insert(std::move(address));
  }
}

std::set<std::string> KnownEndpoints::wanted(const Instance& caller, const std::string& service) const {
  std::set<std::string> out;
  std::string own = scenario_.zones.empty() ? std::string() : scenario_.zone_of(caller.process);
  std::set<std::string> zones;
  for (const Instance& other : scenario_.instances) {
    if (other.service != service || !runs(other.process)) continue;
    std::string zone = scenario_.zones.empty() ? std::string() : scenario_.zone_of(other.process);
    if (zone == own)
      add_running({other.process}, out);
    else
      zones.insert(zone);
  }
  bool by_egress = by_egress_.contains(scenario_.find_service(caller.service)->mesh);
  for (const std::string& zone : zones)
    add_running(by_egress ? scenario_.find_zone(own)->egresses : scenario_.find_zone(zone)->ingresses, out);
  return judged(std::move(out));
}

std::set<std::string> KnownEndpoints::judged(std::set<std::string> endpoints) const {
  for (const std::string& address : lost_) endpoints.erase(address);
  return endpoints;
}

}  // namespace kumasim::scenario
