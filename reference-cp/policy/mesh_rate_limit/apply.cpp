/// Which inbounds are limited, and how.
#include "reference-cp/policy/mesh_rate_limit/apply.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

#include <envoy/config/route/v3/route.pb.h>

#include "reference-cp/policy/gateway_targets.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_rate_limit/limit.hpp"
#include "reference-cp/policy/mesh_rate_limit/spec.hpp"
#include "reference-cp/policy/targets.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::mesh_rate_limit {
namespace {

std::optional<Conf> conf_for(const std::vector<Rule>& rules, const Tags& element) {
  const Rule* rule = find_rule(rules, element);
  return rule ? std::optional(Conf::from_json(rule->conf)) : std::nullopt;
}

/// How many names the port's hosts are under.
std::ptrdiff_t names_of(const ResourceSet& resources, std::uint32_t port) {
  return std::ranges::count(resources.gateway_hosts(), port, &GatewayHosts::port);
}

/// Requests only: Kuma passes over the ports of a gateway that have no routes. It works on a port's listener once for
/// each name, so that one has as many filters for connections. A route without a limit of its own, or with one that is
/// switched off, has the one for all routes.
void apply_to_gateway(ResourceSet& resources, const MeshView& mesh, const MatchedPolicies& policies) {
  for (const GatewayTarget& target : gateway_targets(resources, mesh, policies)) {
    if (!target.to || target.routes.empty()) continue;
    std::optional<Conf> common = conf_for(*target.to, {}), own;
    for (std::ptrdiff_t i = names_of(resources, target.key.port); common && i > 0; --i)
      limit(*target.listener, *common);
    for (auto* routes : target.routes) {
      limit(*routes, [&](const auto& route) -> const Conf* {
        own = conf_for(*target.to, {{std::string(route_tag), route.name()}});
        return own && own->http ? &*own : common ? &*common : nullptr;
      });
    }
  }
}

}  // namespace

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies) {
  if (policies.rules.empty()) return;
  auto inbound_listeners = listeners(resources, cp::Origin::inbound);
  for (const Inbound& inbound : proxy.inbounds) {
    if (legacy::inbound_policy("RateLimit", inbound.tags, mesh)) continue;
    InboundKey key{inbound.address, inbound.port};
    auto listener = inbound_listeners.find(key);
    if (listener == inbound_listeners.end()) continue;
    limit(*listener->second, Conf::from_json(policies.inbound_conf(key)));
  }
  apply_to_gateway(resources, mesh, policies);
}

}  // namespace kumasim::cp::policy::mesh_rate_limit
