/// How MeshPassthrough changes the listeners and clusters of redirected outgoing traffic.
#include "reference-cp/policy/mesh_passthrough/apply.hpp"

#include <map>
#include <string>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/listener/http_inspector/v3/http_inspector.pb.h>
#include <envoy/extensions/filters/listener/original_dst/v3/original_dst.pb.h>
#include <envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include <fmt/format.h>

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_passthrough/matches.hpp"
#include "reference-cp/policy/single_conf.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/http.hpp"
#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp::policy::mesh_passthrough {
namespace {

using ::envoy::config::listener::v3::FilterChain;
using ::envoy::config::listener::v3::Listener;
using ::envoy::config::listener::v3::ListenerFilter;
using ::envoy::config::route::v3::VirtualHost;
/// Clusters by name, with what is spoken to them.
using Clusters = std::map<std::string, std::string>;

constexpr char no_match_body[] =
    "This response comes from Kuma Sidecar. No routes matched this domain - check configuration of your "
    "MeshPassthrough policy.\n";

/// Of the listener for a family, and of the cluster that lets everything pass.
std::string name_of(const ProxyView& proxy, int version) {
  return proxy.unified_naming ? envoy::unified::passthrough("outbound", version)
                              : fmt::format("outbound:passthrough:ipv{}", version);
}

std::string port_text(std::uint32_t port) { return port == 0 ? "*" : std::to_string(port); }

std::string cluster_name(const std::string& protocol, const std::string& value, std::uint32_t port) {
  return fmt::format("meshpassthrough_{}_{}_{}", protocol, value, port_text(port));
}

void add_cluster(ResourceSet& resources, const std::string& name, const std::string& protocol, cp::Origin origin) {
  envoy::ClusterPtr cluster = envoy::make_cluster(name);
  envoy::pass_through(*cluster);
  if (protocol == "grpc" || protocol == "http2") envoy::http2(*cluster);
  resources.add(name, std::move(cluster), origin);
}

class Chains {
 public:
  Chains(const ProxyView& proxy, const MeshView& mesh, Listener& listener, Clusters& clusters)
      : proxy_(proxy), mesh_(mesh), listener_(listener), clusters_(clusters) {}

  void add(const ChainMatch& match) {
    if (match.is_http())
      add_http(match);
    else
      add_tcp(match);
  }

 private:
  FilterChain& chain(const ChainMatch& match, const std::string& name, const char* transport) {
    FilterChain& chain = envoy::add_chain(listener_);
    chain.set_name(name);
    auto& conditions = *chain.mutable_filter_chain_match();
    conditions.set_transport_protocol(transport);
    if (match.port != 0) conditions.mutable_destination_port()->set_value(match.port);
    Network network;
    if (match.type == MatchType::ip) network = {match.value, 32};
    if (match.type == MatchType::ip_v6) network = {match.value, 128};
    if (match.type == MatchType::cidr || match.type == MatchType::cidr_v6) network = parse_network(match.value);
    if (network.address.empty()) return chain;
    auto& range = *conditions.add_prefix_ranges();
    range.set_address_prefix(network.address);
    range.mutable_prefix_len()->set_value(network.bits);
    return chain;
  }

  /// mysql is tcp whose server speaks first, so that nothing of the client can be looked at.
  void add_tcp(const ChainMatch& match) {
    bool tls = match.protocol == "tls";
    std::string name = cluster_name(tls ? "tls" : "tcp", match.value, match.port);
    FilterChain& chain = this->chain(match, name, tls ? "tls" : "raw_buffer");
    if (tls && (match.type == MatchType::domain || match.type == MatchType::wildcard_domain))
      chain.mutable_filter_chain_match()->add_server_names(match.value);
    envoy::Split to{name};
    envoy::tcp_proxy(chain, name, {&to, 1});
    clusters_[name] = match.protocol;
  }

  void add_http(const ChainMatch& match) {
    bool domains = match.type == MatchType::domain;
    std::string name = domains ? fmt::format("meshpassthrough_{}_{}", match.protocol, port_text(match.port))
                               : cluster_name(match.protocol, match.value, match.port);
    FilterChain& chain = this->chain(match, name, "raw_buffer");
    for (const char* protocol : {"http/1.1", "h2c"})
      chain.mutable_filter_chain_match()->add_application_protocols(protocol);
    envoy::HttpManager manager =
        envoy::http_manager(name, mesh_.settings().internal_addresses, proxy_.metadata.ipv6_enabled);
    auto& routes = *manager.mutable_route_config();
    routes.set_name(name);
    if (!domains) {
      add_host(routes, match, match.value)->add_domains("*");
    } else {
      for (const Domain& domain : match.domains) {
        VirtualHost* host = add_host(routes, match, domain.value);
        host->add_domains(domain.value);
        // A Host header may name the port.
        if (match.port != 0) host->add_domains(fmt::format("{}:{}", domain.value, match.port));
        if (match.port == 0 && !domain.wildcard) host->add_domains(domain.value + ":*");
      }
      add_no_match(routes);
    }
    envoy::finish(chain, std::move(manager));
  }

  VirtualHost* add_host(envoy::RouteConfiguration& routes, const ChainMatch& match, const std::string& value) {
    VirtualHost* host = routes.add_virtual_hosts();
    host->set_name(value);
    auto& route = *host->add_routes();
    route.mutable_match()->set_prefix("/");
    std::string cluster = cluster_name(match.protocol, value, match.port);
    route.mutable_route()->set_cluster(cluster);
    clusters_[cluster] = match.protocol;
    return host;
  }

  static void add_no_match(envoy::RouteConfiguration& routes) {
    VirtualHost& host = *routes.add_virtual_hosts();
    host.set_name("no_match");
    host.add_domains("*");
    auto& route = *host.add_routes();
    route.mutable_match()->set_prefix("/");
    route.mutable_direct_response()->set_status(503);
    route.mutable_direct_response()->mutable_body()->set_inline_string(no_match_body);
  }

  const ProxyView& proxy_;
  const MeshView& mesh_;
  Listener& listener_;
  Clusters& clusters_;
};

ListenerFilter& add_filter(Listener& listener, const char* name, const google::protobuf::Message& config) {
  ListenerFilter& filter = *listener.add_listener_filters();
  filter.set_name(name);
  pack(config, *filter.mutable_typed_config());
  return filter;
}

/// Looking into what the client sends would wait for ever on these ports.
void disable(ListenerFilter& filter, const std::vector<std::uint32_t>& ports) {
  auto range = [](auto& predicate, std::uint32_t port) {
    predicate.mutable_destination_port_range()->set_start(std::int32_t(port));
    predicate.mutable_destination_port_range()->set_end(std::int32_t(port + 1));
  };
  if (ports.size() == 1) range(*filter.mutable_filter_disabled(), ports.front());
  if (ports.size() > 1)
    for (std::uint32_t port : ports) range(*filter.mutable_filter_disabled()->mutable_or_match()->add_rules(), port);
}

void add_listener_filters(Listener& listener, const std::vector<std::uint32_t>& silent_ports) {
  namespace filters = ::envoy::extensions::filters::listener;
  auto has = [&](const char* name) {
    return std::ranges::any_of(listener.listener_filters(), [&](const auto& filter) { return filter.name() == name; });
  };
  constexpr char tls[] = "envoy.filters.listener.tls_inspector", http[] = "envoy.filters.listener.http_inspector";
  bool has_tls = has(tls), has_http = has(http);
  add_filter(listener, "envoy.filters.listener.original_dst", filters::original_dst::v3::OriginalDst());
  if (!has_tls) disable(add_filter(listener, tls, filters::tls_inspector::v3::TlsInspector()), silent_ports);
  if (!has_http) disable(add_filter(listener, http, filters::http_inspector::v3::HttpInspector()), silent_ports);
}

void pass_matched(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh,
                  const std::vector<ChainMatch>& matches) {
  Clusters clusters;
  for (int version : {4, 6}) {
    bool ipv6 = version == 6;
    auto* listener = resources.get<Listener>(type_url::listener, name_of(proxy, version));
    bool any = std::ranges::any_of(matches, [&](const ChainMatch& match) { return match.is_for(ipv6); });
    if (!listener || !any) continue;
    listener->clear_filter_chains();
    Chains chains(proxy, mesh, *listener, clusters);
    std::vector<std::uint32_t> silent_ports;
    for (const ChainMatch& match : matches) {
      if (match.protocol == "mysql") silent_ports.push_back(match.port);
      if (match.is_for(ipv6)) chains.add(match);
    }
    add_listener_filters(*listener, silent_ports);
  }
  for (const auto& [name, protocol] : clusters) add_cluster(resources, name, protocol, cp::Origin::mesh_passthrough);
}

bool mesh_passes(const MeshView& mesh) {
  return !mesh.mesh() || at(mesh.mesh()->spec, "networking", "outbound", "passthrough") != false;
}

}  // namespace

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies) {
  if (policies.policies.empty() || proxy.gateway_type == "BUILTIN") return;
  if (!proxy.transparent_proxy || proxy.has("feature-bind-outbounds")) return;
  nlohmann::json conf = single_conf(policies);
  std::string mode = text_at(conf, "passthroughMode");
  bool passes = mesh_passes(mesh);
  if (mode == "All") {
    if (!passes)
      for (int version : {4, 6}) add_cluster(resources, name_of(proxy, version), "tcp", cp::Origin::transparent);
    return;
  }
  if (mode == "None" && !passes) return;
  for (int version : {4, 6}) resources.remove(type_url::cluster, name_of(proxy, version));
  if (mode == "None") return;
  const nlohmann::json& written = list_at(conf, "appendMatch");
  if (auto matches = ordered_matches(written); matches && !written.empty())
    pass_matched(resources, proxy, mesh, *matches);
}

}  // namespace kumasim::cp::policy::mesh_passthrough
