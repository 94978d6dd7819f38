#include "reference-cp/xds/derive/destinations.hpp"

#include <algorithm>

#include "reference-cp/xds/derive/hostnames.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/kri.hpp"
#include "reference-cp/xds/mesh_service.hpp"

namespace kumasim::cp::derive {
namespace {

/// In the order of their full names, as Kuma lists them.
nlohmann::json selected(const MeshView& mesh, const Resource& combined) {
  Tags labels = tags_of(at(combined.spec, "selector", "meshService", "matchLabels"));
  std::vector<Kri> found;
  for (const auto& [name, service] : mesh.all("MeshService")) {
    const Meta& meta = service->meta;
    if (std::ranges::all_of(labels, [&](const auto& label) { return meta.label(label.first) == label.second; }))
      found.push_back(Kri::of(*service));
  }
  // Kuma compares full names as text, in which '-' and '.' come before the slash that ends a name.
  auto full_name = [](const Kri& kri) { return kri.name + '/' + kri.ns + '/' + kri.zone + '/' + kri.mesh; };
  std::ranges::sort(found, {}, full_name);
  nlohmann::json result = nlohmann::json::array();
  for (const Kri& kri : found)
    result.push_back({{"name", kri.name}, {"namespace", kri.ns}, {"zone", kri.zone}, {"mesh", kri.mesh}});
  return result;
}

std::vector<Resource> completed(const MeshView& mesh, std::string_view kind, const char* selector,
                                const NextAddress& next) {
  std::vector<Resource> all;
  for (const auto& [name, resource] : mesh.all(kind)) all.push_back(*resource);
  std::vector<Resource*> pointers;
  for (Resource& resource : all) {
    if (!resource.status.is_object()) resource.status = nlohmann::json::object();
    bool combined = kind == "MeshMultiZoneService";
    if (mesh_service::vips(resource).empty())
      if (std::string ip = next(kind); !ip.empty()) {
        nlohmann::json vip = {{"ip", ip}};
        if (combined)
          resource.status["vips"] = nlohmann::json::array({vip});
        else
          resource.status["vip"] = vip;
      }
    if (combined) {
      nlohmann::json services = selected(mesh, resource);
      if (!services.empty())
        resource.status["meshServices"] = std::move(services);
      else
        resource.status.erase("meshServices");
    }
    pointers.push_back(&resource);
  }
  hostnames(mesh, std::move(pointers), selector);
  std::erase_if(
      all, [&](const Resource& resource) { return resource.status == mesh.find(kind, resource.meta.name)->status; });
  return all;
}

}  // namespace

std::vector<Resource> destinations(const MeshView& mesh, const NextAddress& next) {
  std::vector<Resource> result = completed(mesh, "MeshExternalService", "meshExternalService", next);
  for (Resource& resource : completed(mesh, "MeshMultiZoneService", "meshMultiZoneService", next))
    result.push_back(std::move(resource));
  return result;
}

}  // namespace kumasim::cp::derive
