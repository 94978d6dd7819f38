/// How MeshTimeout's conf becomes Envoy's timeouts.
#include "reference-cp/policy/mesh_timeout/apply.hpp"

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>
#include <envoy/extensions/upstreams/http/v3/http_protocol_options.pb.h>

#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/policy/gateway_targets.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_timeout/spec.hpp"
#include "reference-cp/policy/resource_context.hpp"
#include "reference-cp/policy/targets.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/protocol.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::mesh_timeout {
namespace {

using Route = ::envoy::config::route::v3::Route;
/// The confs for a route of a listener, the later ones over the earlier; none leaves the route as it is.
using RouteConfs = std::function<std::vector<Conf>(const Route&)>;

bool is_tcp(std::string_view protocol) { return protocol == "tcp" || protocol == "kafka" || protocol == "unknown"; }

void configure(Route& route, const Conf& conf) {
  if (!route.has_route()) return;
  auto& action = *route.mutable_route();
  envoy::set_duration(*action.mutable_timeout(), conf.request.value_or(request_default));
  if (conf.stream_idle || !action.has_idle_timeout())
    envoy::set_duration(*action.mutable_idle_timeout(), conf.stream_idle.value_or(stream_idle_default));
}

void configure_routes(Hcm& hcm, const RouteConfs& confs_of) {
  if (!hcm.has_route_config()) return;
  for (auto& host : *hcm.mutable_route_config()->mutable_virtual_hosts())
    for (Route& route : *host.mutable_routes())
      for (const Conf& conf : confs_of(route)) configure(route, conf);
}

/// `conf` is nullptr where no rule holds for a legacy outbound: then only what the old Timeout policy set is taken
/// back.
void configure(Listener& listener, std::string_view protocol, const Conf* conf, const RouteConfs& confs_of_route) {
  for (auto& chain : *listener.mutable_filter_chains()) {
    if (is_http_based(protocol)) {
      change_hcm(chain, [&](Hcm& hcm) {
        configure_routes(hcm, confs_of_route);
        if (conf) envoy::set_duration(*hcm.mutable_request_headers_timeout(), conf->request_headers.value_or(disabled));
        // Idle connections are closed by the cluster's timeout.
        envoy::set_duration(*hcm.mutable_common_http_protocol_options()->mutable_idle_timeout(), disabled);
      });
    } else if (conf && is_tcp(protocol)) {
      change_tcp_proxy(chain, [&](TcpProxy& tcp) {
        envoy::set_duration(*tcp.mutable_idle_timeout(), conf->idle.value_or(idle_default));
      });
    }
  }
}

void configure(Cluster& cluster, std::string_view protocol, const Conf& conf) {
  envoy::set_duration(*cluster.mutable_connect_timeout(), conf.connection.value_or(connection_default));
  if (protocol != "http" && protocol != "http2") return;
  envoy::update_http_options(cluster, [&](envoy::HttpProtocolOptions& options) {
    auto& common = *options.mutable_common_http_protocol_options();
    envoy::set_duration(*common.mutable_idle_timeout(), conf.idle.value_or(idle_default));
    envoy::set_duration(*common.mutable_max_stream_duration(), conf.max_stream.value_or(disabled));
    envoy::set_duration(*common.mutable_max_connection_duration(), conf.max_connection.value_or(disabled));
  });
}

std::optional<Conf> conf_for(const std::vector<Rule>& rules, const Tags& element) {
  const Rule* rule = find_rule(rules, element);
  return rule ? std::optional(Conf::from_json(rule->conf)) : std::nullopt;
}

void apply_to_inbounds(ResourceSet& resources, const ProxyView& proxy, const MatchedPolicies& policies) {
  auto inbound_listeners = listeners(resources, cp::Origin::inbound);
  for (const Inbound& inbound : proxy.inbounds) {
    InboundKey key{inbound.address, inbound.port};
    auto listener = inbound_listeners.find(key);
    if (listener == inbound_listeners.end()) continue;
    Conf conf = Conf::from_json(policies.inbound_conf(key));
    configure(*listener->second, inbound.protocol, &conf, [&](const Route&) { return std::vector{conf}; });
    if (Cluster* cluster = inbound_cluster(resources, inbound)) configure(*cluster, inbound.protocol, conf);
  }
}

void apply_to_legacy_outbounds(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh,
                               const MatchedPolicies& policies) {
  auto outbound_listeners = listeners(resources, cp::Origin::outbound);
  for (const Outbound& outbound : proxy.outbounds) {
    auto listener = outbound_listeners.find({outbound.address, outbound.port});
    if (!outbound.legacy() || listener == outbound_listeners.end()) continue;
    Tags element = {{"kuma.io/service", outbound.service()}};
    std::optional<Conf> conf = conf_for(policies.to, element);
    configure(*listener->second, mesh.protocol(outbound.service()), conf ? &*conf : nullptr, [&](const Route& route) {
      Tags with_route = element;
      with_route[std::string(route_tag)] = route.name();
      std::optional<Conf> own = conf_for(policies.to, with_route);
      if (!own) own = conf;
      return own ? std::vector{*own} : std::vector<Conf>{};
    });
  }
  for (auto& [service, clusters] : outbound_clusters(resources)) {
    Conf conf = conf_for(policies.to, {{"kuma.io/service", service}}).value_or(Conf{});
    for (Cluster* cluster : clusters) configure(*cluster, mesh.protocol(service), conf);
  }
}

void apply_to_services(ResourceSet& resources, const MeshView& mesh, const MatchedPolicies& policies) {
  ResourceContext root(policies.to_resources, mesh.name());
  for (EnvoyResource* resource : service_resources(resources)) {
    ResourceContext context = root.with(resource->resource);
    Conf conf = Conf::from_json(context.conf());
    if (auto* listener = dynamic_cast<Listener*>(resource->message.get())) {
      configure(*listener, resource->protocol, &conf, [&](const Route& route) {
        std::vector<Conf> confs = {conf};
        if (std::optional<Kri> id = parse_kri(route.name())) confs.push_back(Conf::from_json(context.with(*id).conf()));
        return confs;
      });
    } else if (auto* cluster = dynamic_cast<Cluster*>(resource->message.get())) {
      configure(*cluster, resource->protocol, conf);
    }
  }
}

/// What a builtin gateway does to its own clients, from the rules for incoming traffic.
void configure_clients(const GatewayTarget& target, const Conf& conf) {
  for (auto& chain : *target.listener->mutable_filter_chains()) {
    change_hcm(chain, [&](Hcm& hcm) {
      envoy::set_duration(*hcm.mutable_common_http_protocol_options()->mutable_idle_timeout(),
                          conf.idle.value_or(gateway_idle_default));
      envoy::set_duration(*hcm.mutable_request_headers_timeout(),
                          conf.request_headers.value_or(gateway_request_headers_default));
      envoy::set_duration(*hcm.mutable_stream_idle_timeout(), conf.stream_idle.value_or(gateway_stream_idle_default));
      if (conf.request) envoy::set_duration(*hcm.mutable_request_timeout(), *conf.request);
    });
    change_tcp_proxy(chain, [&](TcpProxy& tcp) {
      envoy::set_duration(*tcp.mutable_idle_timeout(), conf.idle.value_or(gateway_idle_default));
    });
  }
}

void apply_to_gateway(ResourceSet& resources, const MeshView& mesh, const MatchedPolicies& policies) {
  for (const GatewayTarget& target : gateway_targets(resources, mesh, policies)) {
    configure_clients(target, Conf::from_json(policies.inbound_conf(target.key)));
    if (!target.to) continue;
    std::optional<Conf> common = conf_for(*target.to, {});
    for (auto* configuration : target.routes) {
      for (auto& host : *configuration->mutable_virtual_hosts()) {
        for (Route& route : *host.mutable_routes()) {
          std::optional<Conf> own = conf_for(*target.to, {{std::string(route_tag), route.name()}});
          if (!own) own = common;
          if (own) configure(route, *own);
        }
      }
    }
    for (const auto& [service, cluster] : target.clusters) {
      Conf conf = conf_for(*target.to, {{"kuma.io/service", service}}).value_or(Conf{});
      configure(*cluster, mesh.protocol(service), conf);
    }
  }
}

}  // namespace

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies) {
  apply_to_inbounds(resources, proxy, policies);
  apply_to_legacy_outbounds(resources, proxy, mesh, policies);
  apply_to_gateway(resources, mesh, policies);
  apply_to_services(resources, mesh, policies);
}

}  // namespace kumasim::cp::policy::mesh_timeout
