/// The counts of one mesh, kept up change by change: what its MeshInsight and its ServiceInsight say.
///
/// What a Dataplane adds is kept, so that a change costs what it changes and not what the mesh holds.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reference-cp/insights/proxy_status.hpp"
#include "reference-cp/insights/service_tally.hpp"
#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/resource.hpp"

namespace kumasim::cp {

class MeshTally {
 public:
  /// One resource of the mesh is now this; nullptr: it is gone. True where an insight says something else from now on.
  bool set(const Kind& kind, const std::string& name, const ResourcePtr& resource);

  /// The specs of kuma.mesh.v1alpha1.MeshInsight and ServiceInsight, in protobuf's JSON.
  nlohmann::json mesh_insight() const;
  nlohmann::json service_insight() const { return services_.spec(); }

 private:
  using Names = std::map<std::string, std::int64_t>;
  using Table = std::map<std::string, ProxyCounts>;

  /// What one Dataplane adds.
  struct Share {
    ProxyStatus status = ProxyStatus::offline;
    std::string gateway;  ///< "", BUILTIN, DELEGATED
    std::string kuma_dp, envoy;
    std::optional<std::string> issued;
    std::vector<std::string> supported;
    std::vector<ServiceOffer> offers;
    bool operator==(const Share&) const = default;
  };
  static Share share_of(const Resource& dataplane, const Resource* insight);
  bool count_resource(const Kind& kind, const std::string& name, bool there);
  bool update_dataplane(const std::string& name);
  bool update_external(const std::string& name, const Resource* resource);
  void add(const std::string& name, const Share& share, int times);

  std::map<std::string, ResourcePtr> dataplanes_, insights_;
  std::map<std::string, Share> shares_;
  std::map<std::string, ServiceOffer> external_;
  std::map<const Kind*, std::set<std::string>> names_;
  ProxyCounts all_, standard_, builtin_, delegated_;
  Table kuma_dp_, envoy_;     ///< by version, "unknown" where it was not said
  Table issued_, supported_;  ///< by backend of the mesh's CA
  Names internal_;            ///< services in the mesh, each with its inbounds
  ServiceTally services_;
};

}  // namespace kumasim::cp
