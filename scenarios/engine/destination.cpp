#include "scenarios/engine/destination.hpp"

#include <algorithm>
#include <string_view>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::scenario {
namespace {

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

std::string label(const nlohmann::json& backend_ref, const char* name) {
  auto labels = backend_ref.find("labels");
  return labels == backend_ref.end() ? std::string() : labels->value(name, "");
}

}  // namespace

bool Destination::leads_to(const std::string& zone_of_server, const std::string& zone_of_caller) const {
  return kind != Kind::mesh_service || zone_of_server == (zone.empty() ? zone_of_caller : zone);
}

Destinations::Destinations(const Scenario& scenario) {
  for (const auto& [name, mesh] : mesh_specifications(scenario)) {
    nlohmann::json services = mesh.value("meshServices", nlohmann::json::object());
    if (services.is_object() && services.value("mode", "") == "Exclusive") exclusive_.insert(name);
  }
}

Destination Destinations::of(const Service& caller, const Outbound& call) const {
  Destination out{.service = call.to, .name = call.to, .backend_ref = call.backend_ref};
  if (out.backend_ref.is_null()) {
    if (!exclusive_.contains(caller.mesh)) return out;
    out.backend_ref = {{"kind", "MeshService"}, {"name", call.to}};
  }
  const auto& ref = out.backend_ref;
  out.kind = ref["kind"] == "MeshService" ? Kind::mesh_service : Kind::mesh_multi_zone_service;
  out.name = ref.contains("name") ? ref["name"].get<std::string>() : label(ref, "kuma.io/display-name");
  if (out.kind == Kind::mesh_service) out.zone = label(ref, "kuma.io/zone");
  return out;
}

std::vector<Destination> Destinations::of(const Service& caller) const {
  std::vector<Destination> out;
  for (const Outbound& call : caller.calls) out.push_back(of(caller, call));
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

std::map<std::string, nlohmann::json> mesh_specifications(const Scenario& scenario) {
  std::map<std::string, nlohmann::json> out;
  for (const ResourceText& text : scenario.resources) {
    if (resource_name(text.body).type != "Mesh") continue;
    if (auto mesh = cp::resource_from_json(text.body); mesh && mesh->kind == &cp::kind::mesh())
      out[mesh->meta.name] = mesh->spec;
  }
  return out;
}

}  // namespace kumasim::scenario
