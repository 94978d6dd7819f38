#include "reference-cp/xds/generate/external_services.hpp"

#include <algorithm>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/remote_endpoints.hpp"

namespace kumasim::cp::generators {
namespace {

bool is_permitted(const MeshView& mesh, const ProxyView& proxy, const Tags& tags) {
  ResourcePtr permission = policy::legacy::inbound_policy("TrafficPermission", tags, mesh);
  if (!permission) return false;
  return std::ranges::any_of(at(permission->spec, "sources"), [&](const nlohmann::json& source) {
    return dataplane_matches(*proxy.dataplane, tags_of(at(source, "match")));
  });
}

}  // namespace

std::map<std::string, std::vector<Endpoint>> external_services(const MeshView& mesh, const ProxyView& proxy) {
  std::map<std::string, std::vector<Endpoint>> result;
  if (uses_zone_egress(mesh)) return result;
  for (const auto& [name, service] : mesh.all("ExternalService")) {
    Tags tags = tags_of(at(service->spec, "tags"));
    if (!is_permitted(mesh, proxy, tags)) continue;
    if (std::optional<Endpoint> endpoint = external_endpoint(mesh, *service))
      result[tags["kuma.io/service"]].push_back(std::move(*endpoint));
  }
  return result;
}

}  // namespace kumasim::cp::generators
