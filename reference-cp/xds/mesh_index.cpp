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
                                              endpoint(view, dataplane, inbound, index.local_weight));
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
    for (auto& [instance, endpoint] : instances) add(destination, instance, endpoint);
}

void IndexChange::remove_service(const Resource& service) {
  if (std::string selector = selector_key(service); !selector.empty())
    index_.selectors = index_.selectors.without(key(selector, service.meta.name));
  for (const ServicePort& port : mesh_service::ports(service))
    touched(mesh_service::destination_name(service, port)).instances = {};
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
  for (const auto& [service, endpoints] : remote) touched(service).remote = endpoints;
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
  std::map<std::string, std::vector<Endpoint>> wanted;
  for (const auto& [name, combined] : view.all("MeshMultiZoneService"))
    for (const Resource* service : mesh_service::matched(view, *combined)) {
      if (!mesh_service::is_local(*service) && text_at(service->spec, "state") != "Available") continue;
      for (const ServicePort& port : mesh_service::ports(*combined)) {
        const auto* from = index_.services.find(mesh_service::destination_name(*service, port));
        if (!from) continue;
        std::vector<Endpoint>& list = wanted[mesh_service::destination_name(*combined, port)];
        list.insert(list.end(), (*from)->list.begin(), (*from)->list.end());
      }
    }
  std::set<std::string> names;
  for (auto& [name, endpoints] : wanted) {
    names.insert(name);
    const auto* held = index_.services.find(name);
    if (!held || (*held)->list != endpoints) build(name, {{}, std::move(endpoints)});
  }
  for (const std::string& name : index_.combined)
    if (!names.contains(name)) index_.services = index_.services.without(name);
  index_.combined = std::move(names);
}

MeshView::Index IndexChange::finish(const MeshView& view) {
  for (auto& [service, sources] : touched_) build(service, std::move(sources));
  touched_.clear();
  combine(view);
  return std::move(index_);
}

Combined combined_of(const MeshView& view, const std::set<std::string>& services) {
  Combined result;
  for (const auto& [name, combined] : view.all("MeshMultiZoneService"))
    for (const Resource* service : mesh_service::matched(view, *combined))
      for (const ServicePort& port : mesh_service::ports(*combined)) {
        if (!services.contains(mesh_service::destination_name(*service, port))) continue;
        result.destinations.insert(mesh_service::destination_name(*combined, port));
        result.names.insert("MeshMultiZoneService/" + name);
      }
  return result;
}

}  // namespace kumasim::cp
