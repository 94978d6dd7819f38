/// ZoneIngress.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/filters/network/direct_response/v3/config.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/remote_endpoints.hpp"
#include "reference-cp/xds/zone/parts.hpp"
#include "reference-cp/xds/zone/passages.hpp"

namespace kumasim::cp {
namespace {

/// What the zone itself has: an ingress passes nothing on to other zones, and its proxies all count alike.
std::vector<Endpoint> local_endpoints(const MeshView& mesh, const std::string& service) {
  std::vector<Endpoint> result;
  for (Endpoint endpoint : mesh.endpoints(service)) {
    auto zone = endpoint.tags.find("kuma.io/zone");
    bool elsewhere = zone != endpoint.tags.end() && zone->second != mesh.settings().zone;
    if (elsewhere && !endpoint.external) continue;
    endpoint.weight = 1;
    result.push_back(std::move(endpoint));
  }
  std::ranges::move(local_gateways(mesh, mesh.name(), service, 1), std::back_inserter(result));
  return result;
}

bool is_of_zone(const Resource& service, const std::string& zone) {
  std::string own = service.meta.label("kuma.io/zone");
  return own.empty() || own == zone;
}

/// Envoy takes no listener without a chain: as long as there is nothing to offer, connections are told so.
void answer(envoy::Listener& listener, const ZoneProxy& proxy) {
  ::envoy::extensions::filters::network::direct_response::v3::Config config;
  config.mutable_response()->set_inline_string(
      fmt::format(R"({{"proxy":".{}","zone":"{}"}})", proxy.resource->meta.name, proxy.settings.zone));
  envoy::add_filter(envoy::add_chain(listener), "envoy.filters.network.direct_response", config);
}

}  // namespace

Snapshot generate_zone_ingress(const MeshViewMap& meshes, const ZoneProxy& proxy) {
  ResourceSet resources;
  zone::add_admin(resources, proxy);
  envoy::ListenerPtr listener = zone::make_listener(proxy);
  for (const auto& [name, mesh] : meshes) {
    std::vector<nlohmann::json> available = zone::services_of(*proxy.resource, name);
    auto endpoints = [&](const std::string& service) { return local_endpoints(*mesh, service); };
    zone::Passages passages(*mesh, zone::shares(*mesh, available), proxy.unified_naming());
    for (const nlohmann::json& service : available) {
      std::string tag = text_at(service, "tags", "kuma.io/service");
      passages.add_legacy(tag, endpoints(tag));
    }
    for (const auto& [service_name, service] : mesh->all("MeshService"))
      if (is_of_zone(*service, proxy.settings.zone)) passages.add_resource(*service);
    for (const auto& [service_name, service] : mesh->all("MeshMultiZoneService")) passages.add_resource(*service);
    passages.add_clusters(resources, Origin::ingress, endpoints);
    passages.add_chains(*listener);
  }
  if (listener->filter_chains().empty()) answer(*listener, proxy);
  std::string name = listener->name();
  resources.add(name, std::move(listener), Origin::ingress);
  return resources.snapshot();
}

}  // namespace kumasim::cp
