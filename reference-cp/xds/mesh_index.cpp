#include "reference-cp/xds/mesh_index.hpp"

#include <fmt/format.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_service.hpp"
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

/// Names of the MeshServices whose selector could choose this Dataplane.
std::set<std::string> candidates(const MeshView::Index& index, const Resource& dataplane) {
  std::set<std::string> keys = {"@" + dataplane.meta.name};
  for (const auto& [tag, values] : tag_values(dataplane)) {
    keys.insert(tag + "=*");
    for (const std::string& value : values) keys.insert(tag + "=" + value);
  }
  std::set<std::string> names;
  for (const std::string& wanted : keys) {
    std::string prefix = key(wanted, "");
    for (auto it = index.selectors.from(prefix); it != index.selectors.end(); ++it) {
      const std::string& found = (*it).first;
      if (!found.starts_with(prefix)) break;
      names.insert(found.substr(prefix.size()));
    }
  }
  return names;
}

/// Kuma sets the zone as locality always, and a lower priority for other zones only where the mesh wants locality
/// awareness.
std::optional<Locality> locality(const MeshView& view, const Tags& tags) {
  auto zone = tags.find("kuma.io/zone");
  if (zone == tags.end()) return std::nullopt;
  bool aware = view.mesh() && flag_at(view.mesh()->spec, "routing", "localityAwareLoadBalancing");
  return Locality{zone->second, {}, aware && zone->second != view.settings().zone ? 1u : 0u, 0};
}

Endpoint endpoint(const MeshView& view, const Resource& dataplane, const Inbound& inbound) {
  Endpoint result;
  result.address = advertised_address(dataplane, inbound);
  result.port = inbound.port;
  result.tags = inbound.tags;
  result.locality = locality(view, inbound.tags);
  return result;
}

void add_ports(const MeshView& view, const Resource& service, const Resource& dataplane,
               const std::vector<Inbound>& inbounds, Contribution& result) {
  for (const ServicePort& port : mesh_service::ports(service)) {
    std::string name = mesh_service::destination_name(service, port);
    for (const Inbound& inbound : inbounds)
      if (inbound.ready && port.selects(inbound))
        result.endpoints[name].emplace(fmt::format("{}/{:04}", dataplane.meta.name, inbound.index),
                                       endpoint(view, dataplane, inbound));
  }
}

}  // namespace

Contribution contribution(const MeshView& view, const MeshView::Index& index, const Resource& dataplane) {
  Contribution result;
  std::vector<Inbound> inbounds = inbounds_of(dataplane);
  for (const Inbound& inbound : inbounds) {
    result.instances.emplace(inbound.service, inbound.address, inbound.port);
    if (!inbound.ready) continue;
    result.endpoints[inbound.service].emplace(fmt::format("{}/{:04}", dataplane.meta.name, inbound.index),
                                              endpoint(view, dataplane, inbound));
    result.names.insert(inbound.service);
  }
  for (const std::string& name : candidates(index, dataplane)) {
    const Resource* service = view.find("MeshService", name);
    if (!service || !mesh_service::is_local(*service) || !mesh_service::selects(*service, dataplane)) continue;
    add_ports(view, *service, dataplane, inbounds, result);
    result.names.insert("MeshService/" + name);
  }
  return result;
}

std::set<std::string> used_services(const Resource& dataplane) {
  const nlohmann::json& networking = at(dataplane.spec, "networking");
  std::set<std::string> result;
  for (const nlohmann::json& outbound : at(networking, "outbound")) {
    if (const nlohmann::json& ref = at(outbound, "backendRef"); ref.is_object())
      result.insert(at(ref, "labels").empty() ? text_at(ref, "kind") + "/" + text_at(ref, "name") : "*");
    else
      result.insert(text_at(outbound, "tags", "kuma.io/service"));
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

PersistentMap<Endpoint>& IndexChange::touched(const std::string& service) {
  auto [it, fresh] = touched_.try_emplace(service);
  if (fresh)
    if (const auto* old = index_.services.find(service)) it->second = (*old)->instances;
  return it->second;
}

void IndexChange::add_dataplane(const MeshView& view, const Resource& dataplane) {
  for (auto& [service, instances] : contribution(view, index_, dataplane).endpoints)
    for (auto& [instance, endpoint] : instances) touched(service) = touched(service).with(instance, endpoint);
  for (const std::string& service : used_services(dataplane))
    index_.users = index_.users.with(key(service, dataplane.meta.name), true);
}

void IndexChange::remove_dataplane(const MeshView& view, const Resource& dataplane) {
  for (auto& [service, instances] : contribution(view, index_, dataplane).endpoints)
    for (auto& [instance, endpoint] : instances) touched(service) = touched(service).without(instance);
  for (const std::string& service : used_services(dataplane))
    index_.users = index_.users.without(key(service, dataplane.meta.name));
}

void IndexChange::register_service(const Resource& service) {
  if (std::string selector = selector_key(service); !selector.empty())
    index_.selectors = index_.selectors.with(key(selector, service.meta.name), true);
}

void IndexChange::add_service(const MeshView& view, const Resource& service) {
  register_service(service);
  if (!mesh_service::is_local(service)) return;
  Contribution all;
  for (const auto& [name, dataplane] : view.all("Dataplane"))
    if (mesh_service::selects(service, *dataplane)) add_ports(view, service, *dataplane, inbounds_of(*dataplane), all);
  for (auto& [destination, instances] : all.endpoints)
    for (auto& [instance, endpoint] : instances) touched(destination) = touched(destination).with(instance, endpoint);
}

void IndexChange::remove_service(const Resource& service) {
  if (std::string selector = selector_key(service); !selector.empty())
    index_.selectors = index_.selectors.without(key(selector, service.meta.name));
  for (const ServicePort& port : mesh_service::ports(service))
    touched(mesh_service::destination_name(service, port)) = {};
}

MeshView::Index IndexChange::finish() {
  for (auto& [service, instances] : touched_) {
    if (instances.empty()) {
      index_.services = index_.services.without(service);
      continue;
    }
    auto endpoints = std::make_shared<ServiceEndpoints>();
    for (const auto& [instance, endpoint] : instances) {
      endpoints->protocol =
          endpoints->list.empty() ? endpoint.protocol() : common_protocol(endpoints->protocol, endpoint.protocol());
      endpoints->list.push_back(endpoint);
    }
    endpoints->instances = std::move(instances);
    index_.services = index_.services.with(service, std::move(endpoints));
  }
  touched_.clear();
  return std::move(index_);
}

}  // namespace kumasim::cp
