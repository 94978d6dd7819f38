/// Envoy's local rate limits in a listener and in routes.
#pragma once

#include <functional>

namespace envoy::config::listener::v3 {
class Listener;
}
namespace envoy::config::route::v3 {
class Route;
class RouteConfiguration;
}  // namespace envoy::config::route::v3
namespace envoy::extensions::filters::http::local_ratelimit::v3 {
class LocalRateLimit;
}

namespace kumasim::cp::policy::mesh_rate_limit {
struct Conf;
struct HttpLimit;

/// The filter that lets routes have limits; it limits nothing itself.
::envoy::extensions::filters::http::local_ratelimit::v3::LocalRateLimit limits_of_routes();
/// The limit of one route, unless it has one.
void limit_route(::envoy::config::route::v3::Route& route, const HttpLimit& limit);
inline constexpr const char* request_filter = "envoy.filters.http.local_ratelimit";

/// Every filter chain: connections, and requests where it has an HTTP connection manager with routes of its own. A
/// manager whose virtual hosts have several routes is one that the legacy RateLimit has worked on, and stays as it is.
void limit(::envoy::config::listener::v3::Listener& listener, const Conf& conf);

/// Requests of routes that are delivered apart from the listener (a builtin gateway's); nullptr leaves a route as it
/// is.
void limit(::envoy::config::route::v3::RouteConfiguration& routes,
           const std::function<const Conf*(const ::envoy::config::route::v3::Route&)>& conf_of);

}  // namespace kumasim::cp::policy::mesh_rate_limit
