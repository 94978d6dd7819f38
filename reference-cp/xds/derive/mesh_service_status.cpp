#include "reference-cp/xds/derive/mesh_service_status.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/json_read.hpp"
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

bool is_online(const Resource* insight) {
  for (const nlohmann::json& subscription : at(insight ? insight->spec : nlohmann::json(), "subscriptions"))
    if (subscription.contains("connectTime") && !subscription.contains("disconnectTime")) return true;
  return false;
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

/// HostnameGenerators, those of the zone first, then the oldest.
std::vector<const Resource*> generators(const MeshView& mesh) {
  std::vector<const Resource*> result;
  for (const auto& [name, generator] : mesh.all("HostnameGenerator")) result.push_back(generator.get());
  std::ranges::stable_sort(result, {}, [](const Resource* g) {
    return std::pair(g->meta.label("kuma.io/origin") != "zone", g->meta.creation);
  });
  return result;
}

bool chooses(const Resource& generator, const Meta& meta) {
  const nlohmann::json& selector = at(generator.spec, "selector", "meshService");
  if (!selector.is_object()) return false;
  for (const auto& [label, value] : tags_of(at(selector, "matchLabels")))
    if (meta.label(label) != value) return false;
  return true;
}

void hostnames(const MeshView& mesh, std::vector<Resource*> services) {
  std::ranges::stable_sort(services, {}, [](const Resource* s) { return std::pair(s->meta.creation, s->meta.name); });
  struct Name {
    std::string hostname;
    nlohmann::json condition;
  };
  std::map<const Resource*, std::map<std::string, Name>> names;  // by the generator's name
  std::map<std::string, const Resource*> owners;
  for (const Resource* generator : generators(mesh))
    for (Resource* service : services) {
      if (!chooses(*generator, service->meta)) continue;
      std::string name = hostname(text_at(generator->spec, "template"), service->meta, mesh.settings().zone);
      if (name.empty()) continue;
      const Resource* owner = owners.try_emplace(name, service).first->second;
      nlohmann::json condition = {{"type", "Generated"}, {"status", "True"}, {"reason", "Generated"}, {"message", ""}};
      if (owner != service) {
        condition["status"] = "False";
        condition["reason"] = "Collision";
        condition["message"] = "Hostname collision with MeshService: " + service->meta.name;
        name.clear();
      }
      names[service][generator->meta.name] = {name, condition};
    }
  for (Resource* service : services) {
    nlohmann::json addresses = nlohmann::json::array(), states = nlohmann::json::array();
    for (const auto& [generator, name] : names[service]) {
      nlohmann::json ref = {{"coreName", generator}};
      if (!name.hostname.empty())
        addresses.push_back(
            {{"hostname", name.hostname}, {"origin", "HostnameGenerator"}, {"hostnameGeneratorRef", ref}});
      states.push_back({{"hostnameGeneratorRef", ref}, {"conditions", nlohmann::json::array({name.condition})}});
    }
    service->status.erase("addresses");
    service->status.erase("hostnameGenerators");
    if (!addresses.empty()) service->status["addresses"] = std::move(addresses);
    if (!states.empty()) service->status["hostnameGenerators"] = std::move(states);
  }
}

}  // namespace

std::string hostname(const std::string& text, const Meta& meta, const std::string& local_zone) {
  auto or_else = [](std::string value, const std::string& other) { return value.empty() ? other : value; };
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t open = text.find("{{", at);
    result += text.substr(at, open == std::string::npos ? open : open - at);
    if (open == std::string::npos) return result;
    std::size_t close = text.find("}}", open);
    if (close == std::string::npos) return {};
    std::string word = text.substr(open + 2, close - open - 2);
    word.erase(0, word.find_first_not_of(' '));
    word.erase(word.find_last_not_of(' ') + 1);
    if (word == ".Name") {
      result += meta.name;
    } else if (word == ".DisplayName") {
      result += or_else(meta.label("kuma.io/display-name"), meta.name);
    } else if (word == ".Namespace") {
      result += meta.label("k8s.kuma.io/namespace");
    } else if (word == ".Mesh") {
      result += meta.mesh;
    } else if (word == ".Zone") {
      result += or_else(meta.label("kuma.io/zone"), local_zone);
    } else if (word.starts_with("label ")) {
      std::size_t first = word.find('"'), last = word.rfind('"');
      auto label = last > first ? meta.labels.find(word.substr(first + 1, last - first - 1)) : meta.labels.end();
      if (label == meta.labels.end()) return {};
      result += label->second;
    } else {
      return {};
    }
    at = close + 2;
  }
  return result;
}

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
  hostnames(mesh, std::move(all));
}

}  // namespace kumasim::cp::derive
