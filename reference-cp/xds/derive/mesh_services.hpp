/// MeshServices of a zone's own Dataplanes: which there are to be, and what their status says.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::derive {

/// What is to be written so that the mesh's MeshServices follow its Dataplanes. Versions are those of the view's
/// resources: the store refuses what was overtaken, and the next call makes up for it.
struct MeshServiceWrites {
  std::vector<Resource> create, update;
  std::vector<ResourceKey> remove;
  std::optional<WallTime> again_at;  ///< when something follows though nothing changes: a grace period is over
  bool empty() const { return create.empty() && update.empty() && remove.empty(); }
};

/// A generated MeshService whose Dataplanes are gone stays this long, so that a restart of them loses nothing.
inline constexpr Duration grace_period = std::chrono::hours(1);

/// `next_vip` gives a free address of 241.0.0.0/8, or "". Applying the writes and calling again gives no writes.
MeshServiceWrites mesh_services(const MeshView& mesh, const std::function<std::string()>& next_vip, WallTime now,
                                Duration grace = grace_period);

}  // namespace kumasim::cp::derive
