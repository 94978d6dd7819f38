/// The control plane's way from writes to what its proxies hold, without a store, streams and certificates.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference-cp/app/kuma_cp/mesh_views.hpp"
#include "reference-cp/xds/snapshot.hpp"
#include "reference-cp/xds/zone/reach.hpp"
#include "tests/xds/ads_client.hpp"
#include "tests/xds/wide_mesh.hpp"

namespace kumasim::cp {

/// Mesh (none for a proxy of the zone) and name.
using Snapshots = std::map<ResourceKey, std::shared_ptr<const Snapshot>>;

/// The ingress and the egress that are connected.
inline constexpr const char* own_ingress = "ingress-0";
inline constexpr const char* own_egress = "egress-0";

/// nullptr where it has none: a change by hand breaks it.
std::shared_ptr<const Snapshot> made(const MeshView& view, const ResourcePtr& dataplane);
/// From scratch, of all proxies of these meshes and of the zone's.
Snapshots all_made(const std::map<std::string, MeshView::Ptr>& views, const ResourcePtr& ingress,
                   const ResourcePtr& egress);

/// Follows writes and makes only what they can change.
class Plane {
 public:
  /// With clients, each proxy has one of either variant.
  explicit Plane(bool clients) : has_clients_(clients) {}

  void write(const WideWrite& write);
  /// Serves the proxies.
  void end_batch();
  void reconnect_all();

  const MeshViews& views() const { return views_; }
  ResourcePtr find(const char* kind, const char* name) const { return views_.find(kind, {{}, name}); }
  const Snapshots& snapshots() const { return snapshots_; }
  struct Clients {
    AdsClient world{AdsVariant::state_of_the_world}, delta{AdsVariant::delta};
  };
  const std::map<ResourceKey, Clients>& clients() const { return clients_; }
  std::size_t generations() const { return generations_; }

 private:
  void hold(const ResourceKey& proxy, std::shared_ptr<const Snapshot> snapshot);

  bool has_clients_;
  MeshViews views_{ZoneSettings{}};
  std::map<std::pair<std::string, ResourceKey>, ResourcePtr> stored_;
  Work work_;
  ZoneReach zone_;
  Snapshots snapshots_;
  std::map<ResourceKey, Clients> clients_;
  std::size_t generations_ = 0;
};

}  // namespace kumasim::cp
