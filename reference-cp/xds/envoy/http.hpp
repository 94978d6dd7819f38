/// HTTP connection managers, route configurations and their routes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kumasim/runtime/time.hpp"
#include "reference-cp/xds/envoy/listener.hpp"

namespace envoy::config::route::v3 {
class Route;
class RouteAction;
class RouteConfiguration;
}  // namespace envoy::config::route::v3
namespace envoy::extensions::filters::network::http_connection_manager::v3 {
class HttpConnectionManager;
}

namespace kumasim::cp {
class MeshView;
struct ProxyView;
}  // namespace kumasim::cp

namespace kumasim::cp::envoy {

using HttpManager = ::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;
using Route = ::envoy::config::route::v3::Route;
using RouteAction = ::envoy::config::route::v3::RouteAction;
using RouteConfiguration = ::envoy::config::route::v3::RouteConfiguration;
using InternalAddresses = std::vector<std::pair<std::string, std::uint32_t>>;

/// Only the loopback addresses.
const InternalAddresses& loopback_addresses();

HttpManager http_manager(std::string_view stat_name, const InternalAddresses& internal, bool ipv6);
/// The peer's certificate is told to the application, in x-forwarded-client-cert.
void forward_client_certificate(HttpManager& manager);
/// Idle timeouts of a connection and of a stream.
void http_timeouts(HttpManager& manager, Duration idle, Duration stream_idle);
void grpc_stats(HttpManager& manager);
/// With one virtual host for every domain; returns its configuration.
RouteConfiguration& routes(HttpManager& manager, const std::string& name, const std::string& virtual_host);
/// REQUIRES: a configuration made by `routes`.
Route& add_route(RouteConfiguration& configuration);
/// Puts the manager into a chain, with the router as its last HTTP filter.
void finish(FilterChain& chain, HttpManager manager);

/// One cluster, or weighted clusters; a split to the outside takes the host name of its endpoint.
void forward(RouteAction& action, std::span<const Split> splits);

}  // namespace kumasim::cp::envoy
