#include "reference-cp/xds/derive/mesh_service_status.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/derive/hostnames.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_service.hpp"

namespace kumasim::cp::derive {

bool is_online(const Resource* insight) {
  if (insight == nullptr) return false;
  return std::ranges::any_of(at(insight->spec, "subscriptions"), [](const nlohmann::json& subscription) {
    return subscription.contains("connectTime") && !subscription.contains("disconnectTime");
  });
}

namespace {

using Dataplanes = std::vector<const Resource*>;

Dataplanes selected(const MeshView& mesh, const Resource& service) {
  Dataplanes result;
  for (const auto& [name, dataplane] : mesh.all("Dataplane"))
    if (mesh_service::selects(service, *dataplane)) result.push_back(dataplane.get());
  return result;
}

void identities(Resource& service, const Dataplanes& dataplanes) {
  std::set<std::string> names;
  for (const Resource* dataplane : dataplanes) {
    auto tags = tag_values(*dataplane);
    if (auto found = tags.find("kuma.io/service"); found != tags.end())
      names.insert(found->second.begin(), found->second.end());
  }
  nlohmann::json list = nlohmann::json::array();
  for (const std::string& name : names) list.push_back({{"type", "ServiceTag"}, {"value", name}});
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
    if (is_online(mesh.find("DataplaneInsight", dataplane->meta.name))) ++connected;
    if (is_healthy(service, *dataplane)) ++healthy;
  }
  nlohmann::json counts = nlohmann::json::object();
  if (connected) counts["connected"] = connected;
  if (healthy) counts["healthy"] = healthy;
  if (!dataplanes.empty()) counts["total"] = dataplanes.size();
  service.status["dataplaneProxies"] = std::move(counts);
  service.spec["state"] = healthy ? "Available" : "Unavailable";
}

/// Ready once every proxy has got a certificate; from then on for as long as the mesh has mutual TLS, since a new proxy
/// starts with it.
void tls(const MeshView& mesh, Resource& service, const Dataplanes& dataplanes) {
  bool ready =
      mesh.mtls_enabled() && (mesh_service::tls_ready(service) || std::ranges::all_of(dataplanes, [&](auto* d) {
                                const Resource* insight = mesh.find("DataplaneInsight", d->meta.name);
                                return insight && !text_at(insight->spec, "mTLS", "issuedBackend").empty();
                              }));
  service.status["tls"] = {{"status", ready ? "Ready" : "NotReady"}};
}

}  // namespace

void complete(const MeshView& mesh, std::vector<Resource>& services, const std::function<std::string()>& next_vip) {
  std::vector<Resource*> all;
  for (Resource& service : services) {
    if (!service.status.is_object()) service.status = nlohmann::json::object();
    if (mesh_service::is_local(service)) {
      Dataplanes dataplanes = selected(mesh, service);
      identities(service, dataplanes);
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
