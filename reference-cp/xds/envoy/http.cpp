#include "reference-cp/xds/envoy/http.hpp"

#include <algorithm>

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/http/router/v3/router.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/raw_config.hpp"

namespace kumasim::cp::envoy {

const InternalAddresses& loopback_addresses() {
  static const InternalAddresses addresses = {{"127.0.0.1", 32}, {"::1", 128}};
  return addresses;
}

HttpManager http_manager(std::string_view stat_name, const InternalAddresses& internal, bool ipv6) {
  HttpManager manager;
  manager.set_stat_prefix(sanitize_metric(stat_name));
  for (const auto& [prefix, length] : internal) {
    if (!ipv6 && prefix.find(':') != std::string::npos) continue;
    auto& range = *manager.mutable_internal_address_config()->add_cidr_ranges();
    range.set_address_prefix(prefix);
    range.mutable_prefix_len()->set_value(length);
  }
  return manager;
}

void forward_client_certificate(HttpManager& manager) {
  manager.set_forward_client_cert_details(HttpManager::SANITIZE_SET);
  manager.mutable_set_current_client_cert_details()->set_uri(true);
}

void http_timeouts(HttpManager& manager, Duration idle, Duration stream_idle) {
  set_duration(*manager.mutable_common_http_protocol_options()->mutable_idle_timeout(), idle);
  set_duration(*manager.mutable_stream_idle_timeout(), stream_idle);
}

void grpc_stats(HttpManager& manager) {
  auto& filter = *manager.add_http_filters();
  filter.set_name("envoy.filters.http.grpc_stats");
  grpc_stats_config(*filter.mutable_typed_config());
}

RouteConfiguration& routes(HttpManager& manager, const std::string& name, const std::string& virtual_host) {
  RouteConfiguration& configuration = *manager.mutable_route_config();
  configuration.set_name(name);
  auto& host = *configuration.add_virtual_hosts();
  host.set_name(virtual_host);
  host.add_domains("*");
  return configuration;
}

Route& add_route(RouteConfiguration& configuration) { return *configuration.mutable_virtual_hosts(0)->add_routes(); }

void finish(FilterChain& chain, HttpManager manager) {
  constexpr std::string_view router = "envoy.filters.http.router";
  if (std::ranges::none_of(manager.http_filters(), [&](const auto& filter) { return filter.name() == router; })) {
    auto& filter = *manager.add_http_filters();
    filter.set_name(std::string(router));
    pack(::envoy::extensions::filters::http::router::v3::Router(), *filter.mutable_typed_config());
  }
  add_filter(chain, "envoy.filters.network.http_connection_manager", manager);
}

void forward(RouteAction& action, std::span<const Split> splits) {
  if (splits.size() == 1) {
    action.set_cluster(splits.front().cluster);
  } else {
    action.mutable_weighted_clusters();
    for (const Split& split : splits) {
      auto& cluster = *action.mutable_weighted_clusters()->add_clusters();
      cluster.set_name(split.cluster);
      cluster.mutable_weight()->set_value(split.weight);
    }
  }
  if (std::ranges::any_of(splits, &Split::external)) action.mutable_auto_host_rewrite()->set_value(true);
}

}  // namespace kumasim::cp::envoy
