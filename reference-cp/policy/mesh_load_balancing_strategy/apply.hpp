/// MeshLoadBalancingStrategy on a proxy's clusters, their endpoints, and the routes of its outbounds.
#pragma once

#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "reference-cp/xds/kri.hpp"

namespace envoy::config::listener::v3 {
class Listener;
}

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;
struct ResourceRule;

namespace mesh_load_balancing_strategy {

/// Real destinations prefer the own zone without any policy, too.
void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies);

/// On a zone egress: its clusters of MeshExternalServices, and the chains of the same names.
void apply_to_egress(ResourceSet& resources, ::envoy::config::listener::v3::Listener& listener,
                     const std::map<Kri, ResourceRule>& rules);

/// On a zone egress: the localities of a cluster of a legacy service. Unlike its clients, which see only the egress, it
/// sees the other zones one by one.
void apply_to_egress_endpoints(ResourceSet& resources, const std::string& cluster, const nlohmann::json& conf,
                               const std::string& zone);

}  // namespace mesh_load_balancing_strategy
}  // namespace policy
}  // namespace kumasim::cp
