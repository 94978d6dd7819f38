/// The MeshGateway that a builtin gateway proxy serves, as far as matching of policies needs it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/cross_mesh.hpp"
#include "reference-cp/xds/endpoint.hpp"

namespace kumasim::cp {
class MeshView;
struct ProxyView;

namespace policy {

struct GatewayListener {
  std::uint32_t port = 0;
  std::string hostname;  ///< "*" where it has none
  Tags tags;             ///< of the proxy, the gateway and the listener together; the last wins
};

struct Gateway {
  ResourcePtr resource;
  std::string address;  ///< of the proxy
  std::vector<GatewayListener> listeners;
};

/// `networking.gateway.tags` of the Dataplane.
Tags gateway_tags(const ProxyView& proxy);

/// The MeshGateway with the most specific selector that matches the proxy; among equals the youngest, then the first
/// name.
std::optional<Gateway> gateway_of(const ProxyView& proxy, const MeshView& mesh);
/// The same by a Dataplane, of its mesh's MeshGateways in the order of their names.
std::optional<Gateway> gateway_of(const Resource& dataplane, std::span<const ResourcePtr> gateways);

/// Which gateways of a mesh others may reach. All of these are of one mesh, in the order of their names. nullopt where
/// no listener is marked `crossMesh`.
std::optional<CrossMeshGateways> cross_mesh_gateways(std::span<const ResourcePtr> gateways,
                                                     std::span<const ResourcePtr> dataplanes);

}  // namespace policy
}  // namespace kumasim::cp
