/// Outbound listeners that forward streams.
#include "reference-cp/policy/mesh_tcp_route/apply.hpp"

#include <envoy/config/listener/v3/listener.pb.h>

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_route/backends.hpp"
#include "reference-cp/policy/mesh_route/destination.hpp"
#include "reference-cp/policy/mesh_route/outbound_listener.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/protocol.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp::policy::mesh_tcp_route {
namespace {

/// Where the destination's connections go; empty where it is left to MeshHTTPRoute.
std::vector<ResolvedRef> refs(const Destination& destination, const MeshView& mesh, const MatchedPolicies& policies,
                              const MatchedPolicies& http_routes) {
  RouteRule found = route_rule(policies.to, policies.to_resources, destination);
  if (is_http_based(destination.protocol)) {
    bool has_http_route = route_rule(http_routes.to, http_routes.to_resources, destination).conf;
    if (!found.conf || has_http_route) return {};
  }
  if (!found.conf) return {destination.itself()};
  Kri origin;
  if (!found.origins->empty()) origin = Kri::of(*found.origins->back().resource);
  std::vector<ResolvedRef> list;
  for (const auto& json : list_at(at(*found.conf, "default"), "backendRefs"))
    if (std::optional<ResolvedRef> ref = resolve(BackendRef::from_json(json), origin, mesh))
      list.push_back(std::move(*ref));
  return list;
}

}  // namespace

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies,
           const MatchedPolicies& http_routes) {
  if (!mesh.all("TrafficRoute").empty() && policies.to.empty() && policies.by_listener.empty()) return;
  Backends backends(mesh, proxy);
  for (const Destination& destination : destinations(proxy, mesh)) {
    std::vector<ResolvedRef> to = refs(destination, mesh, policies, http_routes);
    if (to.empty()) continue;
    envoy::ListenerPtr listener = outbound_listener(proxy, *destination.outbound);
    envoy::FilterChain& chain = envoy::add_chain(*listener);
    std::string name = listener->name();
    const std::string& stat_name = listener->stat_prefix().empty() ? destination.service : name;
    envoy::tcp_proxy(chain, stat_name, backends.stream(to));
    if (destination.protocol == "kafka") envoy::kafka_broker(chain, stat_name);
    resources.add(std::move(name), std::move(listener), cp::Origin::outbound, destination.outbound->resource,
                  destination.protocol);
  }
  backends.add_to(resources);
}

}  // namespace kumasim::cp::policy::mesh_tcp_route
