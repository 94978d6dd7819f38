#include "scenarios/engine/known_endpoints.hpp"

#include <algorithm>

namespace kumasim::scenario {
namespace {

/// Meshes whose calls to other zones leave by an egress.
std::set<std::string> meshes_by_egress(const Scenario& scenario) {
  std::set<std::string> out;
  if (std::ranges::all_of(scenario.zones, [](const Zone& zone) { return zone.egresses.empty(); })) return out;
  for (const auto& [name, mesh] : mesh_specifications(scenario)) {
    nlohmann::json routing = mesh.value("routing", nlohmann::json::object());
    if (routing.is_object() && routing.value("zoneEgress", false)) out.insert(name);
  }
  return out;
}

template <class T>
const T* find(const std::map<std::string_view, const T*>& all, std::string_view name) {
  auto found = all.find(name);
  return found == all.end() ? nullptr : found->second;
}

}  // namespace

KnownEndpoints::KnownEndpoints(const Scenario& scenario, const Observations& seen, const StateSample& sample)
    : scenario_(scenario),
      seen_(seen),
      sample_(sample),
      destinations_(scenario),
      by_egress_(meshes_by_egress(scenario)) {
  for (const Service& service : scenario.services) services_.emplace(service.name, &service);
  for (const Instance& instance : scenario.instances) {
    instances_.emplace(instance.process, &instance);
    if (runs(instance.process)) running_[instance.service].push_back(&instance);
  }
  for (const Zone& zone : scenario.zones) {
    if (!sample.silent.contains(zone.control_plane.name)) continue;
    for (const std::string& ingress : zone.ingresses) lost_.insert(address_of(ingress));
  }
}

const Instance* KnownEndpoints::instance(std::string_view process) const { return find(instances_, process); }

const Service* KnownEndpoints::service(std::string_view name) const { return find(services_, name); }

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

std::set<std::string> KnownEndpoints::wanted(const Instance& caller, const Outbound& call) const {
  std::set<std::string> out;
  auto running = running_.find(call.to);
  if (running == running_.end()) return out;
  const Service& of = *service(caller.service);
  const Destination destination = destinations_.of(of, caller, call);
  const bool one_zone = scenario_.zones.empty();
  std::string own = caller.zone();
  std::set<std::string> zones;
  for (const Instance* other : running->second) {
    std::string zone = other->zone();
    if (!destination.leads_to(*other)) continue;
    if (one_zone || zone == own)
      add_running({other->process}, out);
    else
      zones.insert(std::move(zone));
  }
  // Other zones' MeshServices are called at their ingresses.
  bool by_egress = destination.kind == Destination::Kind::service_tag && by_egress_.contains(of.mesh);
  for (const std::string& zone : zones)
    add_running(by_egress ? scenario_.find_zone(own)->egresses : scenario_.find_zone(zone)->ingresses, out);
  return judged(std::move(out));
}

std::set<std::string> KnownEndpoints::judged(std::set<std::string> endpoints) const {
  for (const std::string& address : lost_) endpoints.erase(address);
  return endpoints;
}

}  // namespace kumasim::scenario
