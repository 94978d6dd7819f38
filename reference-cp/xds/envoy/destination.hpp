/// The clusters that a proxy's outbounds need, collected while listeners are made, then generated once each.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp {
struct WorkloadIdentity;
}

namespace kumasim::cp::envoy {

/// One cluster of an outbound.
struct Destination {
  std::string service;    ///< key of MeshView::endpoints: a kuma.io/service, or the name of a MeshService's port
  Tags tags;              ///< which endpoints of the service; the service's own tag included
  Kri resource;           ///< with the port as section; empty for a legacy service
  std::string mesh = {};  ///< of a gateway that other meshes may reach (the tag kuma.io/mesh, left out of the tags)
};

class Destinations {
 public:
  explicit Destinations(bool unified_naming = false) : unified_naming_(unified_naming) {}

  /// Notes the cluster of a share of traffic to a legacy service with these tags; returns its name.
  std::string legacy(const Tags& tags);
  /// The same for a port of a Mesh*Service; empty where there is no such port.
  std::string resource(const MeshView& mesh, const Kri& kri);

  /// Cluster name -> destination.
  const std::map<std::string, Destination>& all() const { return all_; }

 private:
  bool unified_naming_;
  std::map<std::string, Destination> all_;
};

/// A service outside of the mesh that the zone's egress stands for.
bool through_egress(const MeshView& mesh, const std::string& service);

/// Mutual TLS towards a destination: with the workload identity of the proxy, if it has one, towards every Mesh*Service
/// but what the zone's egress stands for; else where the mesh has it (for a gateway, its own mesh too) and the
/// destination can take it.
void mesh_tls(const MeshView& mesh, Cluster& cluster, const Destination& destination, bool unified_naming = false,
              const WorkloadIdentity* workload = nullptr);
/// The same with a workload identity, whatever stands for the destination.
void workload_tls(const MeshView& mesh, Cluster& cluster, const Destination& destination,
                  const WorkloadIdentity& workload);

/// The endpoints of a destination, as a resource of the cluster's name.
void add_endpoints(ResourceSet& resources, const MeshView& mesh, const std::string& cluster,
                   const Destination& destination);

/// The resource of a cluster that takes every endpoint of a service: one object for all proxies.
XdsResourcePtr all_endpoints(const MeshView& mesh, const std::string& cluster, const std::string& service);

}  // namespace kumasim::cp::envoy
