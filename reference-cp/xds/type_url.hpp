/// The type URLs of Envoy's dynamic resources, in the order in which Envoy wants them (make before break).
#pragma once

#include <array>
#include <string_view>

namespace kumasim::cp::type_url {

inline constexpr std::string_view cluster = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
inline constexpr std::string_view endpoint = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
inline constexpr std::string_view listener = "type.googleapis.com/envoy.config.listener.v3.Listener";
inline constexpr std::string_view route = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
inline constexpr std::string_view secret = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/// Clusters before the endpoints that fill them, listeners before the routes that they name; secrets are asked for by
/// both.
inline constexpr std::array<std::string_view, 5> in_order = {cluster, endpoint, secret, listener, route};

}  // namespace kumasim::cp::type_url
