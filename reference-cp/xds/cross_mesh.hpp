/// Gateways that other meshes may reach: listeners of MeshGateways that are marked `crossMesh` (Kuma docs, "Configuring
/// built-in listeners", "Cross-mesh").
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference-cp/xds/endpoint.hpp"

namespace kumasim::cp {

struct Resource;
using ResourcePtr = std::shared_ptr<const Resource>;

/// Those of one mesh.
struct CrossMeshGateways {
  std::vector<ResourcePtr> resources;  ///< MeshGateways with such a listener, by name
  /// kuma.io/service of this zone's gateway proxies -> where they take such connections. Of the locality only the zone
  /// counts.
  std::map<std::string, std::vector<Endpoint>, std::less<>> endpoints;
  bool operator==(const CrossMeshGateways&) const = default;
};

/// By mesh, without those that have none.
using CrossMeshTable = std::map<std::string, CrossMeshGateways, std::less<>>;

}  // namespace kumasim::cp
