/// MeshTrafficPermission on a proxy's inbound listeners.
#pragma once

#include <string>
#include <vector>

namespace envoy::config::listener::v3 {
class FilterChain;
}

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;

namespace policy {
struct MatchedPolicies;
struct PlantedBugs;
struct Rule;

namespace mesh_traffic_permission {

/// With mutual TLS on or a workload identity, every TLS filter chain of an inbound lets in exactly those whom the
/// policies allow; nobody where no policy selects the inbound, unless the mesh still uses the legacy TrafficPermission.
void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies,
           const PlantedBugs& bugs);

/// Lets into one chain of a listener those whom rules by client allow.
void permit_clients(::envoy::config::listener::v3::FilterChain& chain, const std::string& listener,
                    const std::vector<Rule>& rules, const std::string& mesh);

}  // namespace mesh_traffic_permission
}  // namespace policy
}  // namespace kumasim::cp
