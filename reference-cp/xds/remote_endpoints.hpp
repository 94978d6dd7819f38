/// Endpoints that are not Dataplanes of this zone: services of other zones, and services outside of the mesh, as they
/// are reached through zone proxies.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/xds/endpoint.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp {

/// By the names of MeshView::endpoints.
using RemoteEndpoints = std::map<std::string, std::vector<Endpoint>>;

/// As sidecars of this zone reach them. Services of other zones need mutual TLS: their ZoneIngress routes by server
/// name. In a mesh with zone egress they are reached through it, as ExternalServices are; MeshExternalServices always
/// are.
RemoteEndpoints remote_endpoints(const MeshView& mesh);

/// Services of other zones behind the ingresses of these, as the zone's egress reaches them.
RemoteEndpoints ingress_endpoints(const MeshView& mesh);

/// This zone's gateways of `mesh` that other meshes may reach and that have this kuma.io/service, with localities as
/// the view's mesh wants them.
std::vector<Endpoint> local_gateways(const MeshView& view, std::string_view mesh, std::string_view service,
                                     std::uint32_t weight);
/// The same and those of other zones, as sidecars of the view's mesh reach them. `mesh` may be the view's own.
std::vector<Endpoint> cross_mesh_endpoints(const MeshView& view, const std::string& mesh, const std::string& service);

/// What a local endpoint weighs: instances of other zones weigh that much for each of their ingresses, since every
/// ingress stands for all of them.
std::uint32_t local_weight(const MeshView& mesh);

/// Another zone's.
bool is_remote_ingress(const Resource& ingress, const std::string& zone);

/// Kuma sets the zone as locality always, and a lower priority for other zones only where the mesh wants locality
/// awareness.
std::optional<Locality> locality_of(const MeshView& mesh, const Tags& tags);

/// Traffic to the outside and to other zones goes through the zone's egress.
bool uses_zone_egress(const MeshView& mesh);

/// Of this zone, or of none.
bool is_reachable_from(const Tags& tags, const std::string& zone);

}  // namespace kumasim::cp
