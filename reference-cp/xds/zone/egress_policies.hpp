/// Policies on a zone egress: who may reach what is outside, and how the egress treats it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/remote_endpoints.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp::zone {

/// Permissions to ExternalServices of one name with these tags each: MeshTrafficPermission (by the name alone), else
/// the last one's TrafficPermission; without any nobody may. REQUIRES: there is one.
void permit_external(const MeshView& mesh, const std::vector<Tags>& outside, const std::string& listener,
                     envoy::FilterChain& chain);

/// Nobody may; `name` is for statistics.
void forbid(const std::string& name, envoy::FilterChain& chain);

/// Faults and limits that MeshFaultInjection and MeshRateLimit set for clients of an ExternalService; of its tags the
/// name counts.
void apply_to_external(const MeshView& mesh, const Tags& tags, const std::string& protocol, envoy::FilterChain& chain);

/// To MeshExternalServices everyone may, or nobody where the mesh says so in
/// `routing.defaultForbidMeshExternalServiceAccess`.
void permit_mesh_external(const MeshView& mesh, const std::string& listener, envoy::FilterChain& chain);

/// In which order the endpoints of these legacy services, of other zones and outside, are tried: what
/// MeshLoadBalancingStrategies of the whole mesh say, as the egress does not know for whom it asks.
void apply_localities(const MeshView& mesh, const RemoteEndpoints& services, ResourceSet& resources);

/// Policies for destinations, on the clusters of the mesh's MeshExternalServices and on their chains; `times` over,
/// which shows in health checks.
void apply_to_mesh_external(const MeshView& mesh, ResourceSet& resources, envoy::Listener& listener, std::size_t times);

}  // namespace kumasim::cp::zone
