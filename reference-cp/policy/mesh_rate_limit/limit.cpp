/// How limits become filters: a token bucket in each route, and one in front of each filter chain.
#include "reference-cp/policy/mesh_rate_limit/limit.hpp"

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit.pb.h>

#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/policy/mesh_rate_limit/spec.hpp"
#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::policy::mesh_rate_limit {
namespace {

using ::envoy::config::core::v3::HeaderValueOption;
using ::envoy::config::listener::v3::FilterChain;
using ::envoy::config::route::v3::Route;
using ::envoy::extensions::filters::http::local_ratelimit::v3::LocalRateLimit;
using ConnectionLimit = ::envoy::extensions::filters::network::local_ratelimit::v3::LocalRateLimit;

constexpr const char* stat_prefix = "rate_limit";

void fill(::envoy::type::v3::TokenBucket& bucket, const Rate& rate) {
  bucket.set_max_tokens(rate.number);
  bucket.mutable_tokens_per_fill()->set_value(rate.number);
  envoy::set_duration(*bucket.mutable_fill_interval(), rate.interval);
}

void always(::envoy::config::core::v3::RuntimeFractionalPercent& share, const char* key) {
  share.mutable_default_value()->set_numerator(100);
  share.mutable_default_value()->set_denominator(::envoy::type::v3::FractionalPercent::HUNDRED);
  share.set_runtime_key(key);
}

LocalRateLimit of_route(const HttpLimit& limit) {
  LocalRateLimit config;
  config.set_stat_prefix(stat_prefix);
  if (limit.status != 0) config.mutable_status()->set_code(static_cast<::envoy::type::v3::StatusCode>(limit.status));
  fill(*config.mutable_token_bucket(), limit.requests);
  always(*config.mutable_filter_enabled(), "local_rate_limit_enabled");
  always(*config.mutable_filter_enforced(), "local_rate_limit_enforced");
  for (const Header& header : limit.headers) {
    auto& added = *config.add_response_headers_to_add();
    added.mutable_header()->set_key(header.name);
    added.mutable_header()->set_value(header.value);
    if (!header.append) added.set_append_action(HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD);
  }
  return config;
}

void limit_requests(FilterChain& chain, const HttpLimit& limit) {
  change_hcm(chain, [&](Hcm& hcm) {
    if (hcm.has_route_config()) {
      for (auto& host : *hcm.mutable_route_config()->mutable_virtual_hosts()) {
        if (host.routes_size() > 1) return;
        for (Route& route : *host.mutable_routes()) limit_route(route, limit);
      }
    }
    if (!has_http_filter(hcm, request_filter)) insert_before_router(hcm, request_filter, limits_of_routes());
  });
}

void limit_connections(FilterChain& chain, const Rate& rate) {
  ConnectionLimit config;
  config.set_stat_prefix("tcp_rate_limit");
  fill(*config.mutable_token_bucket(), rate);
  auto& filter = *chain.add_filters();
  filter.set_name("envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit");
  pack(config, *filter.mutable_typed_config());
  for (int i = chain.filters_size() - 1; i > 0; --i) chain.mutable_filters()->SwapElements(i, i - 1);
}

}  // namespace

LocalRateLimit limits_of_routes() {
  LocalRateLimit config;
  config.set_stat_prefix(stat_prefix);
  return config;
}

void limit_route(Route& route, const HttpLimit& limit) {
  auto& configs = *route.mutable_typed_per_filter_config();
  if (!configs.contains(request_filter)) pack(of_route(limit), configs[request_filter]);
}

void limit(::envoy::config::listener::v3::Listener& listener, const Conf& conf) {
  for (FilterChain& chain : *listener.mutable_filter_chains()) {
    if (conf.http) limit_requests(chain, *conf.http);
    if (conf.connections) limit_connections(chain, *conf.connections);
  }
}

void limit(::envoy::config::route::v3::RouteConfiguration& routes,
           const std::function<const Conf*(const Route&)>& conf_of) {
  for (auto& host : *routes.mutable_virtual_hosts())
    for (Route& route : *host.mutable_routes())
      if (const Conf* conf = conf_of(route); conf && conf->http) limit_route(route, *conf->http);
}

}  // namespace kumasim::cp::policy::mesh_rate_limit
