/// A TrafficRoute's conf as Envoy's routes.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "reference-cp/xds/endpoint.hpp"
#include "reference-cp/xds/envoy/http.hpp"

namespace envoy::config::cluster::v3 {
class Cluster;
}

namespace kumasim::cp::generators {

/// One entry of a split. A weight of 0 is left out: Envoy knows none.
struct Share {
  std::uint32_t weight = 1;
  Tags tags;  ///< wildcards and absent tags are taken from the outbound
};

/// `destination`, or `split`, of a conf or of one of its HTTP routes.
std::vector<Share> shares(const nlohmann::json& conf, const Tags& outbound);

/// Conditions and changes of an HTTP route; a null `match` is every request.
void traffic_route_match(const nlohmann::json& match, envoy::Route& route);
void traffic_route_modify(const nlohmann::json& modify, envoy::Route& route);
/// `loadBalancer`; round robin where there is none.
void traffic_route_balancer(const nlohmann::json& balancer, ::envoy::config::cluster::v3::Cluster& cluster);

}  // namespace kumasim::cp::generators
