/// The legacy RateLimit (Kuma docs, "Rate Limit").
#pragma once

#include <functional>
#include <span>

#include "reference-cp/model/resource.hpp"

namespace envoy::config::route::v3 {
class Route;
}
namespace envoy::extensions::filters::network::http_connection_manager::v3 {
class HttpConnectionManager;
}

namespace kumasim::cp {
class MeshView;
struct Inbound;

namespace policy::legacy::rate_limit {

/// The filter that limits of routes need; it limits nothing itself.
void add_filter(::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager& manager);

/// The limit of one route; none where the policy has none for HTTP.
void limit(const Resource& policy, ::envoy::config::route::v3::Route& route);

/// The filter, where a policy has the inbound as destination.
void add(::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager& manager,
         const Inbound& inbound, const MeshView& mesh);

/// A route for each such policy with a limit, to be tried before the inbound's general one: for the clients that are
/// its sources, known by the header in which their proxies name their tags. `add_route` makes the next route.
void add_routes(const Inbound& inbound, const MeshView& mesh,
                const std::function<::envoy::config::route::v3::Route&()>& add_route);
/// The same for these policies.
void add_routes(std::span<const ResourcePtr> policies,
                const std::function<::envoy::config::route::v3::Route&()>& add_route);

}  // namespace policy::legacy::rate_limit
}  // namespace kumasim::cp
