#include "reference-cp/xds/mesh_index.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/metrics.hpp"
#include "reference-cp/xds/protocol.hpp"

namespace kumasim::cp {
namespace {

constexpr char separator = '\x1f';

std::string key(std::string_view first, std::string_view second) {
  return fmt::format("{}{}{}", first, separator, second);
}

/// One key by which a MeshService can be found from every Dataplane that it selects.
std::string selector_key(const Resource& service) {
  const nlohmann::json& selector = at(service.spec, "selector");
  if (std::string name = text_at(selector, "dataplaneRef", "name"); !name.empty()) return "@" + name;
  Tags tags = tags_of(at(selector, "dataplaneTags"));
  return tags.empty() ? std::string() : tags.begin()->first + "=" + tags.begin()->second;
}

std::string instance_name(const Resource& dataplane, const Inbound& inbound) {
  return fmt::format("{}/{:04}", dataplane.meta.name, inbound.index);
}

/// Keys under which a MeshMultiZoneService is found from what it takes endpoints from.
std::set<std::string> combiner_keys(const Resource& combined) {
  std::set<std::string> result;
  for (const Kri& service : mesh_service::named(combined)) {
    result.insert(identity_key(service));
    for (const ServicePort& port : mesh_service::ports(combined))
      result.insert(mesh_service::destination_name(service, port.port));
  }
  return result;
}

/// Whatever can name a service in a route's rules. A header's name is taken for a service's too, which costs little.
void add_named(const nlohmann::json& json, std::set<std::string>& out) {
  if (json.is_array())
    for (const nlohmann::json& each : json) add_named(each, out);
  if (!json.is_object()) return;
  if (!at(json, "labels").empty()) out.insert("*");
  if (std::string name = text_at(json, "name"); !name.empty()) {
    out.insert(name);
    for (std::string_view kind : mesh_service::kinds) out.insert(fmt::format("{}/{}", kind, name));
  }
  if (std::string name = text_at(json, "kuma.io/service"); !name.empty() && name != "*") out.insert(name);
  for (const auto& [member, value] : json.items()) add_named(value, out);
}

/// Names of the MeshServices whose selector could choose this Dataplane.
std::set<std::string> candidates(const MeshView::Index& index, const Resource& dataplane) {
  std::set<std::string> keys = {"@" + dataplane.meta.name};
  for (const auto& [tag, values] : tag_values(dataplane)) {
    keys.insert(tag + "=*");
    for (const std::string& value : values) keys.insert(tag + "=" + value);
  }
  std::set<std::string> names;
  for (const std::string& wanted : keys)
    for (std::string& name : names_under(index.selectors, wanted)) names.insert(std::move(name));
  return names;
}

Endpoint endpoint(const MeshView& view, const Resource& dataplane, const Inbound& inbound, std::uint32_t weight = 1) {
  Endpoint result;
  result.weight = weight;
  result.address = advertised_address(dataplane, inbound);
  result.port = inbound.port;
  result.tags = inbound.tags;
  result.locality = locality_of(view, inbound.tags);
  return result;
}

void add_ports(const MeshView& view, const Resource& service, const Resource& dataplane,
               const std::vector<Inbound>& inbounds, Contribution& result) {
  for (const ServicePort& port : mesh_service::ports(service)) {
    std::string name = mesh_service::destination_name(service, port);
    for (const Inbound& inbound : inbounds)
      if (inbound.ready && port.selects(inbound))
        result.endpoints[name].emplace(instance_name(dataplane, inbound), endpoint(view, dataplane, inbound));
  }
}

}  // namespace

std::string identity_key(const Kri& kri) {
  return fmt::format("{1}{0}{2}{0}{3}{0}{4}{0}{5}", '\x1e', kri.type, kri.mesh, kri.zone, kri.ns, kri.name);
}

std::string user_key(const Resource& destination) {
  Kri kri = Kri::of(destination);
  return kri.type + "/" + kri.name;
}

std::vector<std::string> names_under(const PersistentMap<bool>& map, std::string_view first) {
  std::vector<std::string> result;
  std::string prefix = key(first, "");
  for (auto it = map.from(prefix); it != map.end() && (*it).first.starts_with(prefix); ++it)
    result.push_back((*it).first.substr(prefix.size()));
  return result;
}

bool is_route(std::string_view kind) {
  return kind == "TrafficRoute" || kind == "MeshHTTPRoute" || kind == "MeshTCPRoute";
}

std::set<std::string> routed_services(const MeshView& view) {
  // A MeshGatewayRoute is for gateways only, which count as users of every service anyway.
  std::set<std::string> result;
  for (const auto& [name, route] : view.all("TrafficRoute")) add_named(at(route->spec, "conf"), result);
  for (const char* kind : {"MeshHTTPRoute", "MeshTCPRoute"})
    for (const auto& [name, route] : view.all(kind))
      for (const nlohmann::json& to : at(route->spec, "to")) add_named(at(to, "rules"), result);
  return result;
}

Contribution contribution(const MeshView& view, const MeshView::Index& index, const Resource& dataplane) {
  Contribution result;
  std::vector<Inbound> inbounds = inbounds_of(dataplane);
  for (const Inbound& inbound : inbounds) {
    if (!inbound.ready) continue;
    result.endpoints[inbound.service].emplace(instance_name(dataplane, inbound),
                                              endpoint(view, dataplane, inbound, index.local_weight));
    result.names.insert(inbound.service);
  }
  for (const std::string& name : candidates(index, dataplane)) {
    const Resource* service = view.find("MeshService", name);
    if (!service || !mesh_service::is_local(*service) || !mesh_service::selects(*service, dataplane)) continue;
    add_ports(view, *service, dataplane, inbounds, result);
    result.names.insert(user_key(*service));
  }
  return result;
}

Instances instances_of(const BackendConf& metrics, const Resource& dataplane) {
  Instances result;
  for (const Inbound& inbound : inbounds_of(dataplane))
    result.emplace(inbound.service, inbound.address, inbound.port);
  if (std::optional<Inbound> inbound = prometheus_inbound(metrics, dataplane))
    result.emplace(inbound->service, inbound->address, inbound->port);
  return result;
}

std::set<std::string> used_services(const Resource& dataplane) {
  const nlohmann::json& networking = at(dataplane.spec, "networking");
  std::set<std::string> result;
  for (const nlohmann::json& outbound : at(networking, "outbound")) {
    if (const nlohmann::json& ref = at(outbound, "backendRef"); ref.is_object()) {
      result.insert(at(ref, "labels").empty() ? text_at(ref, "kind") + "/" + text_at(ref, "name") : "*");
      continue;
    }
    std::string tag = text_at(outbound, "tags", "kuma.io/service");
    result.insert(tag.empty() ? text_at(outbound, "service") : tag);  // the old way to name it
  }
  const nlohmann::json& transparent = at(networking, "transparentProxying");
  if (transparent.is_object()) {
    const nlohmann::json& reachable = at(transparent, "reachableServices");
    for (const nlohmann::json& name : reachable) result.insert(name.is_string() ? name.get<std::string>() : "");
    if (reachable.empty() || at(transparent, "reachableBackends").is_object()) result.insert("*");
    // Such a proxy has listeners for the addresses of others.
    if (!at(transparent, "directAccessServices").empty()) result.insert({"*", "*direct"});
  }
  if (at(networking, "gateway").is_object()) result.insert("*");
  return result;
}

IndexChange::Sources& IndexChange::touched(const std::string& service) {
  auto [it, fresh] = touched_.try_emplace(service);
  if (fresh)
    if (const auto* old = index_.services.find(service)) it->second = {(*old)->instances, (*old)->remote};
  return it->second;
}

void IndexChange::add_dataplane(const MeshView& view, const Resource& dataplane) {
  for (auto& [service, instances] : contribution(view, index_, dataplane).endpoints)
    for (auto& [instance, endpoint] : instances) add(service, instance, endpoint);
  for (const std::string& service : used_services(dataplane))
    index_.users = index_.users.with(key(service, dataplane.meta.name), true);
}

void IndexChange::remove_dataplane(const MeshView& view, const Resource& dataplane) {
  for (auto& [service, instances] : contribution(view, index_, dataplane).endpoints)
    for (auto& [instance, endpoint] : instances) remove(service, instance);
  for (const std::string& service : used_services(dataplane))
    index_.users = index_.users.without(key(service, dataplane.meta.name));
}

void IndexChange::add_names(const Resource& destination) {
  const std::string& name = destination.meta.name;
  index_.identities = index_.identities.with(key(identity_key(Kri::of(destination)), name), true);
  if (std::string selector = selector_key(destination); !selector.empty())
    index_.selectors = index_.selectors.with(key(selector, name), true);
  if (destination.kind->type() == "MeshMultiZoneService")
    for (const std::string& source : combiner_keys(destination))
      index_.combiners = index_.combiners.with(key(source, name), true);
}

void IndexChange::remove_names(const Resource& destination) {
  const std::string& name = destination.meta.name;
  index_.identities = index_.identities.without(key(identity_key(Kri::of(destination)), name));
  if (std::string selector = selector_key(destination); !selector.empty())
    index_.selectors = index_.selectors.without(key(selector, name));
  if (destination.kind->type() == "MeshMultiZoneService")
    for (const std::string& source : combiner_keys(destination))
      index_.combiners = index_.combiners.without(key(source, name));
}

void IndexChange::set_routed(std::set<std::string> routed) {
  index_.routed = std::make_shared<const std::set<std::string>>(std::move(routed));
}

void IndexChange::change_service(const MeshView& view, const Resource* before, const Resource* after) {
  std::vector<const Resource*> sides;
  std::set<std::string> destinations;
  for (const Resource* side : {before, after}) {
    if (!side) continue;
    sources_.insert(identity_key(Kri::of(*side)));
    if (!mesh_service::is_local(*side)) continue;
    sides.push_back(side);
    for (const ServicePort& port : mesh_service::ports(*side))
      destinations.insert(mesh_service::destination_name(*side, port));
  }
  if (sides.empty()) return;
  // Another MeshService can have the same name for a port: what a Dataplane adds to it is made of all of them.
  for (const auto& [name, dataplane] : view.all("Dataplane")) {
    if (std::ranges::none_of(sides, [&](const Resource* side) { return mesh_service::selects(*side, *dataplane); }))
      continue;
    Contribution contributed = contribution(view, index_, *dataplane);
    std::vector<Inbound> inbounds = inbounds_of(*dataplane);
    for (const std::string& destination : destinations) {
      for (const Inbound& inbound : inbounds) remove(destination, instance_name(*dataplane, inbound));
      for (const auto& [instance, endpoint] : contributed.endpoints[destination]) add(destination, instance, endpoint);
    }
  }
}

void IndexChange::combine_anew(const Resource& combined) {
  combined_.insert(identity_key(Kri::of(combined)));
  for (const ServicePort& port : mesh_service::ports(combined))
    combined_old_.insert(mesh_service::destination_name(combined, port));
}

void IndexChange::add(const std::string& service, const std::string& instance, const Endpoint& endpoint) {
  Sources& sources = touched(service);
  sources.instances = sources.instances.with(instance, endpoint);
}

void IndexChange::remove(const std::string& service, const std::string& instance) {
  Sources& sources = touched(service);
  sources.instances = sources.instances.without(instance);
}

void IndexChange::set_remote(RemoteEndpoints remote) {
  if (remote == *index_.remote) return;
  for (const auto& [service, endpoints] : *index_.remote)
    if (!remote.contains(service)) touched(service).remote.clear();
  for (const auto& [service, endpoints] : remote)
    if (auto old = index_.remote->find(service); old == index_.remote->end() || old->second != endpoints)
      touched(service).remote = endpoints;
  index_.remote = std::make_shared<const RemoteEndpoints>(std::move(remote));
}

void IndexChange::build(const std::string& service, Sources sources) {
  if (sources.instances.empty() && sources.remote.empty()) {
    index_.services = index_.services.without(service);
    return;
  }
  auto endpoints = std::make_shared<ServiceEndpoints>();
  auto add = [&](const Endpoint& endpoint) {
    endpoints->protocol =
        endpoints->list.empty() ? endpoint.protocol() : common_protocol(endpoints->protocol, endpoint.protocol());
    endpoints->list.push_back(endpoint);
  };
  for (const Endpoint& endpoint : sources.remote) add(endpoint);
  for (const auto& [instance, endpoint] : sources.instances) add(endpoint);
  endpoints->instances = std::move(sources.instances);
  endpoints->remote = std::move(sources.remote);
  index_.services = index_.services.with(service, std::move(endpoints));
}

void IndexChange::combine(const MeshView& view) {
  for (const std::string& source : sources_)
    for (const std::string& name : names_under(index_.combiners, source))
      if (const Resource* combined = view.find("MeshMultiZoneService", name)) combine_anew(*combined);
  std::map<std::string, std::vector<Endpoint>> wanted;
  for (const std::string& destination : combined_old_) wanted[destination];
  for (const std::string& identity : combined_)
    for (const std::string& name : names_under(index_.identities, identity)) {
      const Resource& combined = *view.find("MeshMultiZoneService", name);
      for (const Resource* service : mesh_service::matched(view, combined)) {
        if (!mesh_service::is_local(*service) && text_at(service->spec, "state") != "Available") continue;
        for (const ServicePort& port : mesh_service::ports(combined)) {
          const auto* from = index_.services.find(mesh_service::destination_name(*service, port));
          if (!from) continue;
          std::vector<Endpoint>& list = wanted[mesh_service::destination_name(combined, port)];
          list.insert(list.end(), (*from)->list.begin(), (*from)->list.end());
        }
      }
    }
  for (auto& [name, endpoints] : wanted) {
    const auto* held = index_.services.find(name);
    if (!held || (*held)->list != endpoints) build(name, {{}, std::move(endpoints)});
  }
}

MeshView::Index IndexChange::finish(const MeshView& view) {
  for (auto& [service, sources] : touched_) {
    build(service, std::move(sources));
    sources_.insert(service);
  }
  touched_.clear();
  combine(view);
  return std::move(index_);
}

Combined combined_of(const MeshView& view, const MeshView::Index& index, const std::set<std::string>& services) {
  std::set<std::string> names;
  for (const std::string& service : services)
    for (std::string& name : names_under(index.combiners, service)) names.insert(std::move(name));
  Combined result;
  for (const std::string& name : names) {
    const Resource* combined = view.find("MeshMultiZoneService", name);
    if (!combined) continue;
    result.names.insert(user_key(*combined));
    for (const Kri& service : mesh_service::named(*combined))
      for (const ServicePort& port : mesh_service::ports(*combined))
        if (services.contains(mesh_service::destination_name(service, port.port)))
          result.destinations.insert(mesh_service::destination_name(*combined, port));
  }
  return result;
}

}  // namespace kumasim::cp
