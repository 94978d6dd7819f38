#include "scenarios/engine/known_endpoints.hpp"

#include <algorithm>
#include <tuple>

#include "reference-cp/model/codec.hpp"

namespace kumasim::scenario {
namespace {

template <class T>
const T* find(const std::map<std::string_view, const T*>& all, std::string_view name) {
  auto found = all.find(name);
  return found == all.end() ? nullptr : found->second;
}

}  // namespace

bool speaks_of_zones(const nlohmann::json& strategy) {
  return strategy.dump().find("\"localityAwareness\"") != std::string::npos;
}

ZoneRouting zone_routing_of(const nlohmann::json& body) {
  const std::string type = resource_name(body).type;
  if (type != "Zone" && type != "Mesh" && type != "MeshLoadBalancingStrategy") return {};
  auto form = cp::universal_form(body);
  if (!form) return {};
  const nlohmann::json& resource = form->body;
  ZoneRouting out;
  out.disabled = type == "Zone" && resource.value("enabled", nlohmann::json()) == false;
  if (type == "Mesh") {
    nlohmann::json routing = resource.value("routing", nlohmann::json::object());
    out.by_egress = routing.is_object() && routing.value("zoneEgress", nlohmann::json()) == true;
  }
  out.by_locality = type == "MeshLoadBalancingStrategy" && speaks_of_zones(resource);
  return out;
}

KnownEndpoints::KnownEndpoints(const Scenario& scenario, const Observations& seen, const StateSample& sample)
    : scenario_(scenario), seen_(seen), sample_(sample), destinations_(scenario) {
  for (const Service& service : scenario.services) services_.emplace(service.name, &service);
  for (const Instance& instance : scenario.instances) {
    instances_.emplace(instance.process, &instance);
    if (runs(instance.process)) running_[instance.service].push_back(&instance);
  }
  for (const Zone& zone : scenario.zones) {
    if (!sample.silent.contains(zone.control_plane.name)) continue;
    for (const std::string& ingress : zone.ingresses) lost_.insert(address_of(ingress));
  }
  if (!scenario.zones.empty()) take_routing();
}

void KnownEndpoints::take_routing() {
  std::map<std::tuple<std::string, std::string, std::string>, ZoneRouting> last;  // by type, name, and zone
  // In set-up nothing has been noted yet.
  if (seen_.resources.empty()) {
    for (const ResourceText& resource : scenario_.resources) {
      ResourceName is = resource_name(resource.body);
      last[{is.type, is.name, resource.zone}] = zone_routing_of(resource.body);
    }
  }
  for (const ResourceRecord& record : seen_.resources)
    if (record.at <= sample_.at && record.problem.empty())
      last[{record.type, record.name, record.zone}] = record.routing;
  const bool egresses = std::ranges::any_of(scenario_.zones, [](const Zone& zone) { return !zone.egresses.empty(); });
  for (const auto& [key, routing] : last) {
    const auto& [type, name, zone] = key;
    if (routing.disabled) disabled_.insert(name);
    if (routing.by_egress && egresses) by_egress_.insert(name);
    by_locality_ |= routing.by_locality;
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

KnownEndpoints::Wanted KnownEndpoints::wanted(const Instance& caller, const Outbound& call) const {
  std::set<std::string> here, elsewhere;
  auto running = running_.find(call.to);
  if (running == running_.end()) return {};
  const Service& of = *service(caller.service);
  const Destination destination = destinations_.of(of, caller, call);
  const bool one_zone = scenario_.zones.empty();
  std::string own = caller.zone();
  std::set<std::string> zones;
  for (const Instance* other : running->second) {
    std::string zone = other->zone();
    if (!destination.leads_to(*other)) continue;
    if (one_zone || zone == own)
      add_running({other->process}, here);
    else if (!disabled_.contains(zone))
      zones.insert(std::move(zone));
  }
  // Other zones' MeshServices are called at their ingresses.
  bool by_egress = destination.kind == Destination::Kind::service_tag && by_egress_.contains(of.mesh);
  for (const std::string& zone : zones)
    add_running(by_egress ? scenario_.find_zone(own)->egresses : scenario_.find_zone(zone)->ingresses, elsewhere);
  Wanted out{.all = judged(std::move(here))};
  elsewhere = judged(std::move(elsewhere));
  // A zone that is disabled hears no more of others.
  if (by_locality_ || disabled_.contains(own)) out.optional = elsewhere;
  out.all.merge(elsewhere);
  return out;
}

bool KnownEndpoints::Wanted::is(const std::set<std::string>& known) const {
  return std::ranges::includes(all, known) && std::ranges::all_of(all, [&](const std::string& each) {
           return known.contains(each) || optional.contains(each);
         });
}

std::set<std::string> KnownEndpoints::judged(std::set<std::string> endpoints) const {
  for (const std::string& address : lost_) endpoints.erase(address);
  return endpoints;
}

}  // namespace kumasim::scenario
