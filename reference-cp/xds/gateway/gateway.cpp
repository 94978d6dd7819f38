#include "reference-cp/xds/gateway/gateway.hpp"

#include <envoy/service/runtime/v3/rtds.pb.h>

#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/xds/gateway/chains.hpp"
#include "reference-cp/xds/gateway/clusters.hpp"
#include "reference-cp/xds/gateway/listener.hpp"
#include "reference-cp/xds/gateway/virtual_hosts.hpp"

namespace kumasim::cp::gateway {
namespace {

std::vector<Listener> listeners(const generators::Generation& g, const policy::Gateway& gateway,
                                const policy::MatchOptions& options) {
  policy::MatchedPolicies http = policy::match_policies("MeshHTTPRoute", g.proxy, g.mesh, options);
  policy::MatchedPolicies tcp = policy::match_policies("MeshTCPRoute", g.proxy, g.mesh, options);
  std::vector<Listener> all;
  if (!http.by_listener.empty()) all = http_route_listeners(g.mesh, gateway, http);
  if (!tcp.by_listener.empty())
    for (Listener& listener : tcp_route_listeners(g.mesh, gateway, tcp)) all.push_back(std::move(listener));
  for (Listener& listener : gateway_route_listeners(g.mesh, gateway))
    if ((listener.http() ? http : tcp).by_listener.empty()) all.push_back(std::move(listener));
  return all;
}

/// Limits of connections are no part of listeners: Envoy takes them from this layer of its runtime, which the bootstrap
/// names. The layer is there without limits too, as Envoy waits for it.
void add_limits(generators::Generation& g, const std::vector<Listener>& listeners) {
  auto runtime = std::make_unique<::envoy::service::runtime::v3::Runtime>();
  runtime->set_name("gateway.listeners");
  auto& fields = *runtime->mutable_layer()->mutable_fields();
  for (const Listener& listener : listeners)
    if (listener.connection_limit > 0)
      fields["envoy.resource_limits.listener." + listener.name + ".connection_limit"].set_number_value(
          listener.connection_limit);
  g.add(std::move(runtime), Origin::gateway);
}

/// REQUIRES: the clusters are made.
void note_hosts(ResourceSet& resources, Listener& listener) {
  for (HostGroup& group : listener.groups) {
    GatewayHosts hosts{listener.port, listener.http(), group.hostname, {}};
    for (Host& host : group.hosts)
      for (Entry& entry : host.entries)
        for (const Destination* destination : entry.destinations()) hosts.clusters.push_back(destination->cluster);
    resources.add_gateway_hosts(std::move(hosts));
  }
}

}  // namespace

Result<> generate(generators::Generation& g, const GenerateOptions& options) {
  if (g.proxy.gateway_type != "BUILTIN") return {};
  std::vector<Listener> all;
  if (std::optional<policy::Gateway> gateway = policy::gateway_of(g.proxy, g.mesh))
    all = listeners(g, *gateway, {options.include_shadow});
  Clusters clusters(g);
  for (Listener& listener : all) {
    clusters.add(listener);
    note_hosts(g.resources, listener);
    if (auto done = add_listener(g, listener); !done) return done;
    add_routes(g, listener, clusters);
  }
  add_limits(g, all);
  return {};
}

}  // namespace kumasim::cp::gateway
