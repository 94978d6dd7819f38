/// The proxies of a whole zone, of no mesh: ZoneIngress takes connections from other zones, ZoneEgress those that leave
/// the zone (Kuma docs, "Zone Ingress", "Zone Egress").
#pragma once

#include <map>
#include <string>

#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/snapshot.hpp"

namespace kumasim::cp {

/// By name.
using MeshViewMap = std::map<std::string, MeshView::Ptr>;

/// REQUIRES: metadata with an admin port has a port of readiness too; Kuma configures no other proxy.
struct ZoneProxy {
  ResourcePtr resource;  ///< the ZoneIngress or ZoneEgress
  NodeMetadata metadata;
  ZoneSettings settings;
  ProxyIdentity admin;                              ///< certificates of the admin listener
  std::map<std::string, ProxyIdentity> identities;  ///< of an egress, by mesh: it is a service of every mesh with mTLS

  /// Resources and statistics are named after what they are made from. Unlike a sidecar's, what a zone proxy has for
  /// itself and for Mesh*Services is so whatever the meshes say.
  bool unified_naming() const { return metadata.has("feature-unified-resource-naming"); }
};

/// Passes connections on by their server name, without ending their TLS, to the zone's own services of every mesh.
Snapshot generate_zone_ingress(const MeshViewMap& meshes, const ZoneProxy& proxy);

/// To services of other zones as an ingress does; to services outside of the mesh it ends the mesh's TLS, judges the
/// client, and speaks to the outside itself.
Snapshot generate_zone_egress(const MeshViewMap& meshes, const ZoneProxy& proxy);

}  // namespace kumasim::cp
