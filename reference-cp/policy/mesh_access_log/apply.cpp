/// Which listeners are logged, and where to.
#include "reference-cp/policy/mesh_access_log/apply.hpp"

#include <envoy/config/accesslog/v3/accesslog.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <fmt/format.h>

#include "reference-cp/policy/gateway_targets.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_access_log/route_logs.hpp"
#include "reference-cp/policy/resource_context.hpp"
#include "reference-cp/policy/targets.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/protocol.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::mesh_access_log {
namespace {

/// The format of connections that pass through, where a backend has none: Kuma writes the protocol's name.
constexpr std::string_view pass_through_format = "tcp";

struct Work {
  ResourceSet& resources;
  const ProxyView& proxy;
  const MeshView& mesh;
  const MatchedPolicies& policies;
  Logs logs;

  std::string own_address() const {
    std::string advertised = text_at(proxy.dataplane->spec, "networking", "advertisedAddress");
    return advertised.empty() ? proxy.address : advertised;
  }
  Subject outgoing(const std::string& destination) const {
    return {proxy.service, own_address(), destination, mesh.name(), "OUTBOUND"};
  }
  /// Kuma gives the proxy's own address for the client's.
  Subject incoming() const { return {"unknown", own_address(), proxy.service, mesh.name(), "INBOUND"}; }
};

void log_inbounds(Work& work) {
  auto inbound_listeners = listeners(work.resources, cp::Origin::inbound);
  for (const Inbound& inbound : work.proxy.inbounds) {
    InboundKey key{inbound.address, inbound.port};
    auto listener = inbound_listeners.find(key);
    if (listener == inbound_listeners.end()) continue;
    auto backends = backends_from_json(work.policies.inbound_conf(key));
    add(*listener->second, work.logs.make(backends, default_format(inbound.protocol), work.incoming()));
    inbound_listeners.erase(listener);  // of several inbounds with one listener the first counts
  }
}

void log_legacy_outbounds(Work& work) {
  auto outbound_listeners = listeners(work.resources, cp::Origin::outbound);
  for (const Outbound& outbound : work.proxy.outbounds) {
    auto listener = outbound_listeners.find({outbound.address, outbound.port});
    if (!outbound.legacy() || listener == outbound_listeners.end()) continue;
    std::string service = outbound.service();
    const Rule* rule = find_rule(work.policies.to, {{"kuma.io/service", service}});
    if (!rule) continue;
    auto backends = backends_from_json(rule->conf);
    add(*listener->second,
        work.logs.make(backends, default_format(work.mesh.protocol(service)), work.outgoing(service)));
  }
}

/// Connections to what is no service of the mesh, and to instances by their own address.
void log_pass_through(Work& work) {
  const Rule* rule = find_rule(work.policies.to, {{"kuma.io/service", "pass_through"}});
  if (!rule) return;
  auto backends = backends_from_json(rule->conf);
  for (int version : {4, 6}) {
    for (const std::string& name :
         {fmt::format("outbound:passthrough:ipv{}", version), envoy::unified::passthrough("outbound", version)}) {
      EnvoyResource* found = work.resources.find(type_url::listener, name);
      if (!found || found->origin != cp::Origin::transparent) continue;
      add(ResourceSet::as<Listener>(*found),
          work.logs.make(backends, pass_through_format, work.outgoing("external")));
    }
  }
  // Kuma logs one of these listeners, whichever comes first.
  auto direct = listeners(work.resources, cp::Origin::direct_access);
  if (direct.empty()) return;
  const auto& [address, listener] = *direct.begin();
  std::string name = fmt::format("direct_access_{}:{}", address.address, address.port);
  add(*listener, work.logs.make(backends, pass_through_format, work.outgoing(name)));
}

void log_service(Work& work, Listener& listener, const EnvoyResource& resource, const nlohmann::json& conf) {
  const ResourceRules& rules = work.policies.to_resources;
  std::string_view format = default_format(resource.protocol);
  Subject subject = work.outgoing(resource.resource.name);
  std::vector<AccessLog> logs = work.logs.make(backends_from_json(conf), format, subject);
  if (is_http_based(resource.protocol))
    for (AccessLog& log : logs) only_for_other_routes(log);

  // A policy can be for one rule of a route (where names tell rules apart) or for the whole route.
  RouteBackends routes = route_backends(listener, [&](const Kri& id) -> std::optional<std::vector<Backend>> {
    auto found = rules.find(id);
    if (found == rules.end()) found = rules.find(id.without_section());
    if (found == rules.end()) return std::nullopt;
    return backends_from_json(found->second.confs.front());
  });
  for (const auto& [route, backends] : routes) {
    for (AccessLog& log : work.logs.make(backends, format, subject)) {
      only_for_route(log, route);
      logs.push_back(std::move(log));
    }
  }
  add(listener, logs);
  mark_routes(listener, routes);
}

void log_services(Work& work) {
  ResourceContext root(work.policies.to_resources, work.mesh.name());
  for (EnvoyResource* resource : service_resources(work.resources))
    if (auto* listener = dynamic_cast<Listener*>(resource->message.get()))
      log_service(work, *listener, *resource, root.with(resource->resource).conf());
}

/// A gateway's requests go to no service in particular; its clients are logged as those of an inbound.
void log_gateway(Work& work) {
  for (const GatewayTarget& target : gateway_targets(work.resources, work.mesh, work.policies)) {
    if (!target.to) continue;
    std::string_view format = default_format(target.protocol);
    if (const Rule* rule = find_rule(*target.to, {}))
      add(*target.listener, work.logs.make(backends_from_json(rule->conf), format, work.outgoing("*")));
    auto backends = backends_from_json(work.policies.inbound_conf(target.key));
    add(*target.listener, work.logs.make(backends, format, work.incoming()));
  }
}

}  // namespace

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies) {
  if (policies.policies.empty()) return;
  Work work{resources, proxy, mesh, policies, Logs(proxy)};
  log_inbounds(work);
  log_legacy_outbounds(work);
  log_pass_through(work);
  log_services(work);
  log_gateway(work);
  work.logs.add_clusters(resources);
}

}  // namespace kumasim::cp::policy::mesh_access_log
