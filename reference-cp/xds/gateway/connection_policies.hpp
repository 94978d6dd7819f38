/// The policies with sources and destinations (Timeout, Retry, ...) on a builtin gateway: each is chosen for a host and
/// a destination, and set when the cluster or the route is made.
#pragma once

#include <span>
#include <string_view>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/gateway/route_entry.hpp"

namespace envoy::config::cluster::v3 {
class Cluster;
}
namespace envoy::config::route::v3 {
class Route;
}

namespace kumasim::cp {
class MeshView;

namespace gateway {

/// The policy of a kind whose source matches the host's tags and whose destination matches the other tags, the most
/// specific together; among equals the youngest. nullptr where there is none.
ResourcePtr connection_policy(std::string_view type, const MeshView& mesh, const Tags& host, const Tags& destination);

/// One policy for several destinations: of those for every service, or else of those for one of these services, the
/// oldest.
ResourcePtr shared_policy(std::string_view type, const MeshView& mesh, const Tags& host,
                          std::span<const Destination> destinations);

/// Timeout, CircuitBreaker, HealthCheck. Without a Timeout, connecting takes 5 s at most, and HTTP connections are idle
/// for any time.
void configure_cluster(::envoy::config::cluster::v3::Cluster& cluster, std::string_view protocol, const MeshView& mesh,
                       const Tags& host, const Tags& destination);

/// Retry, Timeout, RateLimit.
void configure_route(::envoy::config::route::v3::Route& route, const MeshView& mesh, const Tags& host,
                     std::span<const Destination> destinations);

}  // namespace gateway
}  // namespace kumasim::cp
