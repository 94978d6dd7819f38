/// The control plane's way from writes to what its proxies hold, without a store, streams and certificates.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference-cp/app/kuma_cp/mesh_views.hpp"
#include "reference-cp/xds/generate_options.hpp"
#include "reference-cp/xds/shared_generation.hpp"
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
std::shared_ptr<const Snapshot> made(const MeshView& view, const ResourcePtr& dataplane,
                                     const GenerateOptions& options);
/// From scratch and each in one piece, of all proxies of these meshes and of the zone's.
Snapshots all_made(const std::map<std::string, MeshView::Ptr>& views, const ResourcePtr& ingress,
                   const ResourcePtr& egress);

/// What is still to be written of what follows from the mesh at this time, for people; "" for nothing.
std::string owed(const MeshView& view, WallTime now);

/// Follows writes, adds what is derived from them, and makes only what they can change. Each proxy has a client of
/// either variant.
class Plane {
 public:
  void write(const WideWrite& write);
  /// Writes what follows, and serves the proxies. Throws where there is no end to what follows.
  void end_batch();
  void reconnect_all();

  const MeshViews& views() const { return views_; }
  ResourcePtr find(const char* kind, const char* name) const { return views_.find(kind, {{}, name}); }
  /// All that is there, written or derived.
  std::vector<ResourcePtr> stored() const;
  /// When something was last derived for the mesh.
  WallTime derived_at(const std::string& mesh) const { return derived_at_.at(mesh); }
  const Snapshots& snapshots() const { return snapshots_; }
  struct Clients {
    AdsClient world{AdsVariant::state_of_the_world}, delta{AdsVariant::delta};
  };
  const std::map<ResourceKey, Clients>& clients() const { return clients_; }

 private:
  void store(Resource resource);
  void remove(const Kind& kind, const ResourceKey& key);
  void take_in(const Change& change);
  void derive(const std::string& mesh, Affected& out);
  void serve(const std::string& mesh, const Affected& affected);
  void hold(const ResourceKey& proxy, std::shared_ptr<const Snapshot> snapshot);

  MeshViews views_{ZoneSettings{}};
  std::map<std::pair<std::string, ResourceKey>, ResourcePtr> stored_;
  WallTime now_{std::chrono::hours(1)};
  std::map<std::string, WallTime> derived_at_;
  Work work_;
  ZoneReach zone_;
  std::map<std::string, SharedGeneration> shared_;
  Snapshots snapshots_;
  std::map<ResourceKey, Clients> clients_;
};

}  // namespace kumasim::cp
