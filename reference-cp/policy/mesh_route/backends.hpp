/// The clusters that the routes of one proxy need: each destination once, then as Envoy resources.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reference-cp/policy/mesh_route/backend_ref.hpp"
#include "reference-cp/xds/envoy/listener.hpp"

namespace kumasim::cp {
class ResourceSet;

namespace policy {

class Backends {
 public:
  explicit Backends(const MeshView& mesh) : mesh_(mesh) {}

  /// Shares of traffic for these references. Left out: weight 0, what does not exist, and what cannot be spoken to over
  /// HTTP (http, http2, grpc) or as a stream (these, tcp, kafka and unknown protocols).
  std::vector<envoy::Split> http(std::span<const ResolvedRef> refs) { return splits(refs, true); }
  std::vector<envoy::Split> stream(std::span<const ResolvedRef> refs) { return splits(refs, false); }

  /// The cluster of a legacy reference that has been asked for; nullptr where there is none.
  const std::string* cluster_of(const BackendRef& backend) const;

  /// Clusters and endpoints of all that has been asked for.
  void add_to(ResourceSet& resources) const;

 private:
  struct Backend {
    std::string cluster;
    Tags tags;  ///< that the endpoints must have, with the service
  };
  struct Service {
    std::vector<Backend> backends;
    Kri resource;  ///< empty for a legacy service
  };

  std::vector<envoy::Split> splits(std::span<const ResolvedRef> refs, bool http_only);
  std::optional<envoy::Split> split(const ResolvedRef& ref, bool http_only);
  std::optional<envoy::Split> real_split(const ResolvedRef& ref, bool http_only);
  void add_cluster(ResourceSet& resources, const std::string& name, const Service& service, const Backend& backend) const;

  const MeshView& mesh_;
  std::map<std::string, std::string> cluster_by_key_;
  std::map<std::string, Service> services_;
};

}  // namespace policy
}  // namespace kumasim::cp
