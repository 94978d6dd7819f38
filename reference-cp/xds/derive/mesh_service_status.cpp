#include "reference-cp/xds/derive/mesh_service_status.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "reference-cp/model/subscriptions.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/derive/hostnames.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_identity.hpp"
#include "reference-cp/xds/mesh_service.hpp"

namespace kumasim::cp::derive {

namespace {

using Dataplanes = std::vector<const Resource*>;

Dataplanes selected(const MeshView& mesh, const Resource& service) {
  Dataplanes result;
  for (const auto& [name, dataplane] : mesh.all("Dataplane"))
    if (mesh_service::selects(service, *dataplane)) result.push_back(dataplane.get());
  return result;
}

/// The MeshIdentity of a Dataplane that is ready; nullptr where there is none.
const Resource* ready_identity(const MeshView& mesh, const Resource& dataplane) {
  const Resource* identity = mesh_identity::matched(mesh, dataplane.meta);
  return identity && mesh_identity::is_ready(*identity) ? identity : nullptr;
}

/// SPIFFE IDs of the Dataplanes that get one; who has none, or no right one, is passed over.
std::set<std::string> spiffe_ids(const MeshView& mesh, const Dataplanes& dataplanes) {
  std::set<std::string> ids;
  for (const Resource* dataplane : dataplanes) {
    const Resource* identity = ready_identity(mesh, *dataplane);
    if (!identity) continue;
    auto domain = mesh_identity::trust_domain(*identity, dataplane->meta, mesh.settings().zone);
    if (!domain) continue;
    if (auto id = mesh_identity::spiffe_id(*identity, *domain, dataplane->meta)) ids.insert(std::move(*id));
  }
  return ids;
}

/// While a mesh moves from its own mutual TLS to a MeshIdentity, a service has identities of both.
void identities(const MeshView& mesh, Resource& service, const Dataplanes& dataplanes) {
  std::set<std::string> names;
  for (const Resource* dataplane : dataplanes) {
    auto tags = tag_values(*dataplane);
    if (auto found = tags.find("kuma.io/service"); found != tags.end())
      names.insert(found->second.begin(), found->second.end());
  }
  std::set<std::string> ids = spiffe_ids(mesh, dataplanes);
  nlohmann::json list = nlohmann::json::array();
  if (ids.empty() || mesh.mtls_enabled())
    for (const std::string& name : names) list.push_back({{"type", "ServiceTag"}, {"value", name}});
  for (const std::string& id : ids) list.push_back({{"type", "SpiffeID"}, {"value", id}});
  if (!list.empty() || service.spec.contains("identities")) service.spec["identities"] = std::move(list);
}

/// Healthy: a ready inbound for every port.
bool is_healthy(const Resource& service, const Resource& dataplane) {
  std::vector<Inbound> inbounds = inbounds_of(dataplane);
  return std::ranges::all_of(mesh_service::ports(service), [&](const ServicePort& port) {
    return std::ranges::any_of(inbounds,
                               [&](const Inbound& inbound) { return inbound.ready && port.selects(inbound); });
  });
}

void proxies(const MeshView& mesh, Resource& service, const Dataplanes& dataplanes) {
  int connected = 0, healthy = 0;
  for (const Resource* dataplane : dataplanes) {
    if (is_connected(mesh.find("DataplaneInsight", dataplane->meta.name))) ++connected;
    if (is_healthy(service, *dataplane)) ++healthy;
  }
  nlohmann::json counts = nlohmann::json::object();
  if (connected) counts["connected"] = connected;
  if (healthy) counts["healthy"] = healthy;
  if (!dataplanes.empty()) counts["total"] = dataplanes.size();
  service.status["dataplaneProxies"] = std::move(counts);
  service.spec["state"] = healthy ? "Available" : "Unavailable";
}

bool has_certificate(const MeshView& mesh, const Resource& dataplane) {
  const Resource* insight = mesh.find("DataplaneInsight", dataplane.meta.name);
  return insight && !text_at(insight->spec, "mTLS", "issuedBackend").empty();
}

/// Its MeshIdentity is ready, and others believe the CAs of its trust domain.
bool has_believed_identity(const MeshView& mesh, const Resource& dataplane,
                           const std::map<std::string, std::string>& bundles) {
  const Resource* identity = ready_identity(mesh, dataplane);
  if (!identity) return false;
  auto domain = mesh_identity::trust_domain(*identity, dataplane.meta, mesh.settings().zone);
  return domain && bundles.contains(*domain);
}

/// Ready once every proxy has got a certificate or, without the mesh's own mutual TLS, a MeshIdentity; from then on for
/// as long as the mesh has either, since a new proxy starts with it.
void tls(const MeshView& mesh, Resource& service, const Dataplanes& dataplanes) {
  bool ready = false;
  if (mesh.mtls_enabled()) {
    ready = mesh_service::tls_ready(service) ||
            std::ranges::all_of(dataplanes, [&](auto* d) { return has_certificate(mesh, *d); });
  } else if (!mesh.all("MeshIdentity").empty()) {
    auto bundles = mesh_identity::trust_bundles(mesh);
    ready = mesh_service::tls_ready(service) ||
            std::ranges::all_of(dataplanes, [&](auto* d) { return has_believed_identity(mesh, *d, bundles); });
  }
  service.status["tls"] = {{"status", ready ? "Ready" : "NotReady"}};
}

}  // namespace

void complete(const MeshView& mesh, std::vector<Resource>& services, const std::function<std::string()>& next_vip) {
  std::vector<Resource*> all;
  for (Resource& service : services) {
    if (!service.status.is_object()) service.status = nlohmann::json::object();
    if (mesh_service::is_local(service)) {
      Dataplanes dataplanes = selected(mesh, service);
      identities(mesh, service, dataplanes);
      proxies(mesh, service, dataplanes);
      tls(mesh, service, dataplanes);
    }
    if (mesh_service::vips(service).empty())
      if (std::string vip = next_vip(); !vip.empty())
        service.status["vips"] = nlohmann::json::array({nlohmann::json{{"ip", vip}}});
    all.push_back(&service);
  }
  hostnames(mesh, std::move(all), "meshService");
}

}  // namespace kumasim::cp::derive
