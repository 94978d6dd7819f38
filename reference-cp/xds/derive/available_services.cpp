#include "reference-cp/xds/derive/available_services.hpp"

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/cross_mesh.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/remote_endpoints.hpp"

namespace kumasim::cp::derive {
namespace {

/// In the order of their tags as text, as Kuma lists them.
using Counts = std::map<std::string, std::pair<Tags, std::uint32_t>>;

void count(const Tags& tags, Counts& out) {
  std::string text;
  for (const auto& [key, value] : tags) text += (text.empty() ? "" : ",") + key + "=" + value;
  auto& entry = out.try_emplace(text, tags, 0).first->second;
  ++entry.second;
}

void append(const Counts& counts, const std::string& mesh, bool external, nlohmann::json& out) {
  for (const auto& [text, entry] : counts) {
    nlohmann::json service = {{"tags", entry.first}, {"instances", entry.second}, {"mesh", mesh}};
    if (external) service["externalService"] = true;
    out.push_back(std::move(service));
  }
}

}  // namespace

nlohmann::json available_services(const std::map<std::string, MeshView::Ptr>& meshes) {
  nlohmann::json own = nlohmann::json::array(), outside = nlohmann::json::array(), gateways = nlohmann::json::array();
  for (const auto& [name, mesh] : meshes) {
    // Gateways that other meshes may reach, whatever those know of services.
    Counts reachable;
    if (auto found = mesh->cross_mesh().find(name); found != mesh->cross_mesh().end())
      for (const auto& [service, endpoints] : found->second.endpoints)
        for (const Endpoint& endpoint : endpoints) {
          Tags tags = endpoint.tags;
          tags.try_emplace("kuma.io/mesh", name);
          count(tags, reachable);
        }
    append(reachable, name, false, gateways);
    if (mesh->mesh_services_mode() == "Exclusive") continue;
    Counts inbounds, external;
    for (const auto& [dataplane_name, dataplane] : mesh->all("Dataplane"))
      for (const Inbound& inbound : inbounds_of(*dataplane))
        if (inbound.ready) count(inbound.tags, inbounds);
    append(inbounds, name, false, own);
    if (!uses_zone_egress(*mesh)) continue;
    for (const auto& [service_name, service] : mesh->all("ExternalService")) {
      Tags tags = tags_of(at(service->spec, "tags"));
      if (tags["kuma.io/zone"] == mesh->settings().zone) count(tags, external);
    }
    append(external, name, true, outside);
  }
  for (nlohmann::json& service : outside) own.push_back(std::move(service));
  for (nlohmann::json& service : gateways) own.push_back(std::move(service));
  return own;
}

}  // namespace kumasim::cp::derive
