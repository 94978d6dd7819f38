/// The clusters that the routes of one proxy send to: each destination once, then as Envoy resources.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reference-cp/policy/mesh_route/backend_ref.hpp"
#include "reference-cp/xds/envoy/destination.hpp"
#include "reference-cp/xds/envoy/external_endpoint.hpp"
#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy {

class Backends {
 public:
  Backends(const MeshView& mesh, const ProxyView& proxy)
      : mesh_(mesh),
        unified_naming_(proxy.unified_naming),
        workload_(proxy.workload()),
        ipv6_(proxy.address.find(':') != std::string::npos),
        outside_(all_external_services(mesh)),
        destinations_(proxy.unified_naming) {}

  /// Shares of traffic for these references. Left out: weight 0, what does not exist, and what cannot be spoken to over
  /// HTTP (http, http2, grpc) or as a stream (these, tcp, kafka and unknown protocols).
  std::vector<envoy::Split> http(std::span<const ResolvedRef> refs) { return splits(refs, true); }
  std::vector<envoy::Split> stream(std::span<const ResolvedRef> refs) { return splits(refs, false); }

  /// The cluster of a legacy reference that has been asked for; nullptr where there is none.
  const std::string* cluster_of(const BackendRef& backend) const;

  /// Clusters and endpoints of all that has been asked for.
  void add_to(ResourceSet& resources) const;

 private:
  std::vector<envoy::Split> splits(std::span<const ResolvedRef> refs, bool http_only);
  /// The name of its cluster; empty where the reference is left out.
  std::string cluster(const ResolvedRef& ref, bool http_only);

  /// How it is spoken to; over EDS or by fixed addresses.
  void add(ResourceSet& resources, const std::string& name, const envoy::Destination& destination) const;
  bool is_outside(const std::string& service) const;

  const MeshView& mesh_;
  bool unified_naming_;
  const WorkloadIdentity* workload_;
  bool ipv6_;
  std::map<std::string, std::vector<Endpoint>> outside_;  ///< ExternalServices that no egress stands for
  envoy::Destinations destinations_;
  std::map<std::string, std::string> legacy_clusters_;  ///< by BackendRef::key
};

}  // namespace kumasim::cp::policy
