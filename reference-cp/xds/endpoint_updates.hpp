/// New endpoints in snapshots that stay as they are otherwise: what a started or stopped instance costs.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/snapshot.hpp"

namespace kumasim::cp {

/// For one view; each list of endpoints is serialised once for all snapshots that hold it.
class EndpointUpdates {
 public:
  EndpointUpdates(MeshView::Ptr view, const std::set<std::string>& services);

  /// As generate() for a proxy whose reach is Reach::endpoints: the same pointer where the snapshot holds none of the
  /// services, nullptr where it holds a part of one (a split by tags): then it has to be generated.
  std::shared_ptr<const Snapshot> apply(std::shared_ptr<const Snapshot> snapshot);

  /// Cluster -> service. They differ for proxies with unified naming only.
  const std::map<std::string, std::string>& clusters() const { return clusters_; }

 private:
  MeshView::Ptr view_;
  std::map<std::string, std::string> clusters_;
};

}  // namespace kumasim::cp
