/// Destinations of a proxy.
#include "reference-cp/policy/mesh_route/destination.hpp"

#include "reference-cp/policy/resolve.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::policy {

ResolvedRef Destination::itself() const {
  constexpr std::uint32_t all = 100;
  BackendRef backend;
  backend.weight = all;
  backend.ref.kind = RefKind::mesh_service;
  if (!outbound->legacy()) return {backend, outbound->resource, all};
  backend.ref.name = outbound->service();
  backend.ref.tags = outbound->tags;
  return {backend, {}, all};
}

std::vector<Destination> destinations(const ProxyView& proxy, const MeshView& mesh) {
  std::vector<Destination> list;
  for (const Outbound& outbound : proxy.outbounds) {
    if (outbound.legacy()) {
      list.push_back({&outbound, mesh.protocol(outbound.service()), outbound.service()});
      continue;
    }
    const Resource* resource = mesh.destination(outbound.resource);
    if (!resource) continue;
    if (auto port = find_port(*resource, outbound.resource.section))
      list.push_back({&outbound, port->protocol, mesh_service::destination_name(outbound.resource, port->value)});
  }
  return list;
}

RouteRule route_rule(const std::vector<Rule>& rules, const ResourceRules& resources, const Destination& destination) {
  if (!destination.outbound->legacy())
    if (const ResourceRule* rule = find_rule(resources, destination.outbound->resource))
      return {&rule->confs.front(), &rule->origins, &rule->origin_by_matches};
  if (const Rule* rule = find_rule(rules, {{"kuma.io/service", destination.service}}))
    return {&rule->conf, &rule->origins, &rule->origin_by_matches};
  return {};
}

}  // namespace kumasim::cp::policy
