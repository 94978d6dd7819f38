/// Where MeshRetry's conf goes: routes of outbound listeners, and connect attempts of TCP proxies.
#include "reference-cp/policy/mesh_retry/apply.hpp"

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>

#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/policy/gateway_targets.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_retry/retry_policy.hpp"
#include "reference-cp/policy/mesh_retry/spec.hpp"
#include "reference-cp/policy/resource_context.hpp"
#include "reference-cp/policy/targets.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::mesh_retry {
namespace {

using ::envoy::config::route::v3::RetryPolicy;
using ::envoy::config::route::v3::Route;
using ::envoy::config::route::v3::RouteConfiguration;
/// nullopt leaves the route's retry policy as it is.
using PolicyOf = std::function<std::optional<RetryPolicy>(const Route&)>;

void configure(RouteConfiguration& configuration, const PolicyOf& policy_of) {
  for (auto& host : *configuration.mutable_virtual_hosts()) {
    for (Route& route : *host.mutable_routes()) {
      if (!route.has_route()) continue;
      if (auto policy = policy_of(route)) *route.mutable_route()->mutable_retry_policy() = std::move(*policy);
    }
  }
}

/// Kuma looks at the first filter chain only; outbound listeners have one.
void configure(Listener& listener, std::string_view protocol, const std::optional<Conf>& conf,
               const PolicyOf& policy_of) {
  if (listener.filter_chains_size() == 0) return;
  auto& chain = *listener.mutable_filter_chains(0);
  if (protocol == "tcp" && conf && conf->tcp_connect_attempts_max) {
    change_tcp_proxy(
        chain, [&](TcpProxy& tcp) { tcp.mutable_max_connect_attempts()->set_value(*conf->tcp_connect_attempts_max); });
    return;
  }
  change_hcm(chain, [&](Hcm& hcm) {
    if (hcm.has_route_config()) configure(*hcm.mutable_route_config(), policy_of);
  });
}

std::optional<Conf> conf_for(const std::vector<Rule>& rules, const Tags& element) {
  const Rule* rule = find_rule(rules, element);
  return rule ? std::optional(Conf::from_json(rule->conf)) : std::nullopt;
}

std::optional<RetryPolicy> policy_for(const std::optional<Conf>& conf, std::string_view protocol) {
  return conf ? retry_policy(*conf, protocol) : std::nullopt;
}

void apply_to_legacy_outbounds(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh,
                               const MatchedPolicies& policies) {
  auto outbound_listeners = listeners(resources, cp::Origin::outbound);
  for (const Outbound& outbound : proxy.outbounds) {
    auto listener = outbound_listeners.find({outbound.address, outbound.port});
    if (!outbound.legacy() || listener == outbound_listeners.end()) continue;
    Tags element = {{"kuma.io/service", outbound.service()}};
    std::string protocol = mesh.protocol(outbound.service());
    std::optional<Conf> conf = conf_for(policies.to, element);
    std::optional<RetryPolicy> common = policy_for(conf, protocol);
    configure(*listener->second, protocol, conf, [&](const Route& route) {
      Tags with_route = element;
      with_route[std::string(route_tag)] = route.name();
      std::optional<RetryPolicy> own = policy_for(conf_for(policies.to, with_route), protocol);
      return own ? own : common;
    });
  }
}

void apply_to_gateway(ResourceSet& resources, const MeshView& mesh, const MatchedPolicies& policies) {
  for (const GatewayTarget& target : gateway_targets(resources, mesh, policies)) {
    if (!target.to) continue;
    std::optional<Conf> conf = conf_for(*target.to, {});
    std::optional<RetryPolicy> common = policy_for(conf, target.protocol);
    PolicyOf policy_of = [&](const Route& route) {
      Tags with_route = {{std::string(route_tag), route.name()}};
      std::optional<RetryPolicy> own = policy_for(conf_for(*target.to, with_route), target.protocol);
      return own ? own : common;
    };
    configure(*target.listener, target.protocol, conf, policy_of);
    for (RouteConfiguration* configuration : target.routes) configure(*configuration, policy_of);
  }
}

void apply_to_services(ResourceSet& resources, const MeshView& mesh, const MatchedPolicies& policies) {
  ResourceContext root(policies.to_resources, mesh.name());
  for (EnvoyResource* resource : service_resources(resources)) {
    auto* listener = dynamic_cast<Listener*>(resource->message.get());
    if (!listener) continue;
    ResourceContext context = root.with(resource->resource);
    Conf conf = Conf::from_json(context.conf());
    std::optional<RetryPolicy> common = retry_policy(conf, resource->protocol);
    configure(*listener, resource->protocol, conf, [&](const Route& route) {
      std::optional<RetryPolicy> own;
      if (std::optional<Kri> id = parse_kri(route.name()))
        own = retry_policy(Conf::from_json(context.with(*id).conf()), resource->protocol);
      return own ? own : common;
    });
  }
}

}  // namespace

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies) {
  apply_to_legacy_outbounds(resources, proxy, mesh, policies);
  apply_to_gateway(resources, mesh, policies);
  apply_to_services(resources, mesh, policies);
}

}  // namespace kumasim::cp::policy::mesh_retry
