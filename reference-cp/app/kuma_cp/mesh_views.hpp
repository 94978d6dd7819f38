/// The views of all meshes, kept up with the store change by change, and what each change means for proxies.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/store/store.hpp"
#include "reference-cp/xds/derive/address_pool.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp {

/// What has to be done for one mesh after a batch of changes.
struct MeshWork {
  Affected proxies;           ///< to be generated anew
  bool derive = false;        ///< MeshServices and virtual addresses may follow
  bool certificates = false;  ///< the mesh's CA may be missing or have changed
};

/// By mesh name.
using Work = std::map<std::string, MeshWork>;

class MeshViews {
 public:
  explicit MeshViews(ZoneSettings settings) : settings_(std::move(settings)) {}

  /// Takes over one committed change; a resource that was there at the start comes as its creation.
  void apply(const Change& change, Work& work);

  /// nullptr where there is no such mesh.
  MeshView::Ptr find(const std::string& mesh) const;
  const std::map<std::string, MeshView::Ptr>& all() const { return views_; }
  /// Gives a mesh its table of virtual addresses anew; true where it has changed.
  bool refresh_vips(const std::string& mesh);
  /// Takes the next free address for a destination of this kind; "" where none is left.
  std::string next_address(std::string_view kind);
  /// nullptr where there is none.
  ResourcePtr find(const std::string& kind, const ResourceKey& key) const;
  std::vector<ResourcePtr> list(const std::string& kind) const;
  std::size_t count(const std::string& kind) const;

 private:
  void merge(const Affected& affected, MeshWork& work) const;

  ZoneSettings settings_;
  /// (kind, mesh, name): a new mesh's view is built from these.
  std::map<std::string, std::map<ResourceKey, ResourcePtr>> resources_;
  std::map<std::string, MeshView::Ptr> views_;
  std::map<std::string, derive::AddressPool, std::less<>> addresses_ = {{"MeshService", {"241.0.0.0", 8}},
                                                                        {"MeshExternalService", {"242.0.0.0", 8}},
                                                                        {"MeshMultiZoneService", {"243.0.0.0", 8}}};
};

}  // namespace kumasim::cp
