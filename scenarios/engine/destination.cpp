#include "scenarios/engine/destination.hpp"

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;
using Kind = Destination::Kind;

struct ClusterName {
  Kind kind = Kind::service_tag;
  std::string name;
};

/// No name of a resource has a '_'.
ClusterName parts_of(const std::string& cluster) {
  Kind kind = cluster.find("_msvc_") != std::string::npos    ? Kind::mesh_service
              : cluster.find("_mzsvc_") != std::string::npos ? Kind::mesh_multi_zone_service
                                                             : Kind::service_tag;
  if (kind == Kind::service_tag) return {kind, cluster};
  std::size_t begin = cluster.find('_') + 1;
  return {kind, cluster.substr(begin, cluster.find('_', begin) - begin)};
}

/// Of the scenario's first resources, as Global or the only control plane has them.
std::map<std::pair<std::string, std::string>, json> specifications(const Scenario& scenario, const cp::Kind& kind) {
  std::map<std::pair<std::string, std::string>, json> out;
  for (const ResourceText& text : scenario.resources) {
    if (!text.zone.empty() || resource_name(text.body).type != kind.type()) continue;
    if (auto resource = cp::resource_from_json(text.body); resource && resource->kind == &kind)
      out[{resource->meta.mesh, resource->meta.name}] = resource->spec;
  }
  return out;
}

}  // namespace

Destinations::Destinations(const Scenario& scenario)
    : has_zones_(!scenario.zones.empty()),
      multi_zone_services_(specifications(scenario, cp::kind::mesh_multi_zone_service())) {
  for (const auto& [name, mesh] : mesh_specifications(scenario)) {
    json services = mesh.value("meshServices", json::object());
    modes_[name] = services.is_object() ? services.value("mode", "") : "";
  }
}

std::string Destinations::mode(const std::string& mesh) const {
  auto found = modes_.find(mesh);
  return found == modes_.end() ? std::string() : found->second;
}

const json* Destinations::multi_zone_service(const std::string& mesh, const std::string& name) const {
  auto found = multi_zone_services_.find({mesh, name});
  return found == multi_zone_services_.end() ? nullptr : &found->second;
}

Destination Destinations::of(const Service& service, const Instance& caller, const Outbound& call) const {
  Destination out{.service = call.to, .name = call.to, .backend_ref = call.backend_ref};
  if (out.backend_ref.is_null()) {
    if (mode(service.mesh) != "Exclusive") return out;
    out.backend_ref = {{"kind", "MeshService"}, {"name", call.to}};
  }
  const json& ref = out.backend_ref;
  out.kind = ref["kind"] == "MeshService" ? Kind::mesh_service : Kind::mesh_multi_zone_service;
  out.name = ref.contains("name") ? ref["name"].get<std::string>() : cp::text_at(ref, "labels", "kuma.io/display-name");
  if (!has_zones_) return out;
  if (out.kind == Kind::mesh_service) {
    std::string zone = cp::text_at(ref, "labels", "kuma.io/zone");
    out.zones = {zone.empty() ? caller.zone() : zone};
  } else if (const json* all = multi_zone_service(service.mesh, out.name)) {
    std::string zone = cp::text_at(*all, "selector", "meshService", "matchLabels", "kuma.io/zone");
    if (!zone.empty()) out.zones = {zone};
  }
  return out;
}

std::vector<Destination> Destinations::of(const Service& service, const Instance& caller) const {
  std::vector<Destination> out;
  for (const Outbound& call : service.calls) out.push_back(of(service, caller, call));
  return out;
}

std::string service_of_cluster(const std::string& cluster, const std::vector<Destination>& called) {
  const ClusterName is = parts_of(cluster);
  const Destination* best = nullptr;
  for (const Destination& destination : called) {
    if (destination.kind != is.kind) continue;
    bool fits =
        is.name == destination.name || (is.kind == Kind::service_tag && is.name.starts_with(destination.name + "-"));
    if (fits && (best == nullptr || destination.name.size() > best->name.size())) best = &destination;
  }
  return best == nullptr ? std::string() : best->service;
}

std::map<std::string, json> mesh_specifications(const Scenario& scenario) {
  std::map<std::string, json> out;
  for (auto& [key, mesh] : specifications(scenario, cp::kind::mesh())) out[key.second] = std::move(mesh);
  return out;
}

}  // namespace kumasim::scenario
