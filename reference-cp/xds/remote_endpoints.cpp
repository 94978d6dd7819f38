#include "reference-cp/xds/remote_endpoints.hpp"

#include <iterator>
#include <set>
#include <utility>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/cross_mesh.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_service.hpp"

namespace kumasim::cp {
namespace {

/// Where a zone proxy takes connections.
struct Gate {
  std::string address;
  std::uint32_t port = 0;
  auto operator<=>(const Gate&) const = default;
};

Gate advertised(const Resource& ingress) {
  return {text_at(ingress.spec, "networking", "advertisedAddress"),
          number_at(ingress.spec, "networking", "advertisedPort")};
}

/// Of another zone, and reachable from here.
bool is_usable(const Resource& ingress, const std::string& zone) {
  Gate gate = advertised(ingress);
  return is_remote_ingress(ingress, zone) && !gate.address.empty() && gate.port != 0;
}

std::vector<Gate> egresses(const MeshView& mesh) {
  std::vector<Gate> result;
  for (const auto& [name, egress] : mesh.all("ZoneEgress"))
    result.push_back({text_at(egress->spec, "networking", "address"), number_at(egress->spec, "networking", "port")});
  return result;
}

Endpoint endpoint(const Gate& gate, const Tags& tags, std::optional<Locality> locality, std::uint32_t weight = 1) {
  Endpoint result;
  result.address = gate.address;
  result.port = gate.port;
  result.tags = tags;
  result.weight = weight;
  result.locality = std::move(locality);
  return result;
}

/// Ingresses to use: several behind one address count once, as soon as one of them says what it has.
std::vector<const Resource*> remote_ingresses(const MeshView& mesh) {
  std::vector<const Resource*> result;
  std::set<Gate> seen;
  for (const auto& [name, ingress] : mesh.all("ZoneIngress")) {
    if (!is_usable(*ingress, mesh.settings().zone) || seen.contains(advertised(*ingress))) continue;
    if (!at(ingress->spec, "availableServices").empty()) seen.insert(advertised(*ingress));
    result.push_back(ingress.get());
  }
  return result;
}

/// What other zones have of `mesh`, which is the view's own mostly. `only_gateways`: those that other meshes may reach,
/// which carry their mesh as a tag.
void add_available(const MeshView& view, const std::string& mesh, bool only_gateways, bool through_egress,
                   RemoteEndpoints& out) {
  for (const Resource* ingress : remote_ingresses(view))
    for (const nlohmann::json& service : at(ingress->spec, "availableServices")) {
      if (text_at(service, "mesh") != mesh) continue;
      Tags tags = tags_of(at(service, "tags"));
      if (only_gateways && !tags.contains("kuma.io/mesh")) continue;
      std::vector<Endpoint>& list = out[tags["kuma.io/service"]];
      std::optional<Locality> locality = locality_of(view, tags);
      if (!through_egress) {
        list.push_back(endpoint(advertised(*ingress), tags, locality, number_at(service, "instances")));
        continue;
      }
      for (const Gate& gate : egresses(view)) {
        list.push_back(endpoint(gate, tags, locality));
        if (flag_at(service, "externalService")) list.back().external.emplace();
      }
    }
  std::erase_if(out, [](const auto& entry) { return entry.second.empty(); });
}

/// MeshServices that were synchronised from other zones go straight to their zone's ingress.
void add_mesh_services(const MeshView& mesh, RemoteEndpoints& out) {
  std::map<std::string, std::vector<Gate>> zones;
  for (const auto& [name, ingress] : mesh.all("ZoneIngress"))
    if (is_usable(*ingress, mesh.settings().zone))
      zones[text_at(ingress->spec, "zone")].push_back(advertised(*ingress));
  if (zones.empty()) return;
  for (const auto& [name, service] : mesh.all("MeshService")) {
    if (mesh_service::is_local(*service)) continue;
    std::string zone = service->meta.label("kuma.io/zone");
    auto gates = zones.find(zone);
    if (gates == zones.end()) continue;
    for (const ServicePort& port : mesh_service::ports(*service)) {
      std::string destination = mesh_service::destination_name(*service, port);
      for (const Gate& gate : gates->second)
        out[destination].push_back(
            endpoint(gate, {{"kuma.io/service", destination}, {"kuma.io/zone", zone}}, Locality{zone, {}, 1, 0}));
    }
  }
}

void add_outside(const MeshView& mesh, RemoteEndpoints& out) {
  std::vector<Gate> gates = egresses(mesh);
  if (gates.empty()) return;
  if (uses_zone_egress(mesh))
    for (const auto& [name, service] : mesh.all("ExternalService")) {
      Tags tags = tags_of(at(service->spec, "tags"));
      for (const Gate& gate : gates) {
        std::vector<Endpoint>& list = out[tags["kuma.io/service"]];
        list.push_back(endpoint(gate, tags, locality_of(mesh, tags)));
        list.back().external.emplace();
      }
    }
  for (const auto& [name, service] : mesh.all("MeshExternalService")) {
    Tags tags(service->meta.labels.begin(), service->meta.labels.end());
    for (const ServicePort& port : mesh_service::ports(*service))
      for (const Gate& gate : gates) {
        std::vector<Endpoint>& list = out[mesh_service::destination_name(*service, port)];
        list.push_back(endpoint(gate, tags, locality_of(mesh, tags)));
        list.back().external.emplace();
        list.back().external->protocol = port.protocol;
        list.back().external->owner = Kri::of(*service);
      }
  }
}

}  // namespace

bool is_remote_ingress(const Resource& ingress, const std::string& zone) {
  std::string own = text_at(ingress.spec, "zone");
  return !own.empty() && own != zone;
}

std::optional<Locality> locality_of(const MeshView& mesh, const Tags& tags) {
  auto zone = tags.find("kuma.io/zone");
  if (zone == tags.end()) return std::nullopt;
  bool aware = mesh.mesh() && flag_at(mesh.mesh()->spec, "routing", "localityAwareLoadBalancing");
  return Locality{zone->second, {}, aware && zone->second != mesh.settings().zone ? 1u : 0u, 0};
}

bool uses_zone_egress(const MeshView& mesh) {
  return mesh.mesh() && flag_at(mesh.mesh()->spec, "routing", "zoneEgress");
}

bool is_reachable_from(const Tags& tags, const std::string& zone) {
  auto found = tags.find("kuma.io/zone");
  return found == tags.end() || found->second.empty() || found->second == zone;
}

std::uint32_t local_weight(const MeshView& mesh) {
  if (!mesh.mtls_enabled()) return 1;
  std::set<Gate> gates;
  for (const auto& [name, ingress] : mesh.all("ZoneIngress"))
    if (is_usable(*ingress, mesh.settings().zone) && !at(ingress->spec, "availableServices").empty())
      gates.insert(advertised(*ingress));
  return gates.empty() ? 1 : static_cast<std::uint32_t>(gates.size());
}

RemoteEndpoints ingress_endpoints(const MeshView& mesh) {
  RemoteEndpoints result;
  if (mesh.mtls_enabled()) add_available(mesh, mesh.name(), false, false, result);
  return result;
}

RemoteEndpoints remote_endpoints(const MeshView& mesh) {
  RemoteEndpoints result;
  if (mesh.mtls_enabled()) add_available(mesh, mesh.name(), false, uses_zone_egress(mesh), result);
  // Kuma takes every MeshIdentity for mutual TLS here, one that is not ready, too.
  if (mesh.mtls_enabled() || !mesh.all("MeshIdentity").empty()) add_mesh_services(mesh, result);
  add_outside(mesh, result);
  return result;
}

std::vector<Endpoint> local_gateways(const MeshView& view, std::string_view mesh, std::string_view service,
                                     std::uint32_t weight) {
  auto gateways = view.cross_mesh().find(mesh);
  if (gateways == view.cross_mesh().end()) return {};
  auto found = gateways->second.endpoints.find(service);
  if (found == gateways->second.endpoints.end()) return {};
  std::vector<Endpoint> result = found->second;
  for (Endpoint& endpoint : result) {
    endpoint.weight = weight;
    if (endpoint.locality) endpoint.locality = locality_of(view, {{"kuma.io/zone", endpoint.locality->zone}});
  }
  return result;
}

std::vector<Endpoint> cross_mesh_endpoints(const MeshView& view, const std::string& mesh, const std::string& service) {
  RemoteEndpoints remote;
  if (view.mtls_enabled()) add_available(view, mesh, true, uses_zone_egress(view), remote);
  std::vector<Endpoint> result = std::move(remote[service]);
  std::vector<Endpoint> local = local_gateways(view, mesh, service, local_weight(view));
  result.insert(result.end(), std::make_move_iterator(local.begin()), std::make_move_iterator(local.end()));
  return result;
}

}  // namespace kumasim::cp
