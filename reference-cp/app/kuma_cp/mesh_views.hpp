/// The views of all meshes, kept up with the store change by change, and what each change means for proxies.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/store/store.hpp"
#include "reference-cp/xds/cross_mesh.hpp"
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

/// A mesh's view could not take a change in: it has what it had before.
struct LeftOut {
  std::string mesh;
  std::string reason;
};

class MeshViews {
 public:
  /// How a view takes in a change and judges it; tests have some that fail. nullptr: MeshView's own.
  struct Steps {
    std::function<MeshView::Ptr(const MeshView&, const ResourceChange&)> with = nullptr;
    std::function<Affected(const MeshView&, const ResourceChange&)> affected = nullptr;
  };

  explicit MeshViews(ZoneSettings settings) : MeshViews(std::move(settings), Steps{}) {}
  MeshViews(ZoneSettings settings, Steps steps) : settings_(std::move(settings)), steps_(std::move(steps)) {}

  /// Takes over one committed change; a resource that was there at the start comes as its creation. What throws for one
  /// mesh is left out of that mesh's view and told: it is stored, and would end every start.
  std::vector<LeftOut> apply(const Change& change, Work& work);

  /// Resources of this kind only count others; they are in no view.
  static bool is_count(const Kind& kind);

  /// What views lack, or have in an older version: kind and key, by mesh.
  using Subjects = std::set<std::pair<std::string, ResourceKey>>;
  const std::map<std::string, Subjects>& left_out() const { return left_out_; }

  /// nullptr where there is no such mesh.
  MeshView::Ptr find(const std::string& mesh) const;
  const std::map<std::string, MeshView::Ptr>& all() const { return views_; }
  /// What meshes let each other reach; all views have it too.
  const CrossMeshTable& cross_mesh() const { return *cross_mesh_; }
  /// Gives a mesh its table of virtual addresses anew; true where it has changed. Costs nothing where nothing that it
  /// follows from has.
  bool refresh_vips(const std::string& mesh);
  /// The next free address for a destination of this kind, put by until one holds it; "" where none is left.
  std::string next_address(std::string_view kind);
  /// The destination was not written: what was put by for it is free again.
  void cancel_addresses(std::string_view kind, const std::vector<std::string>& addresses);
  /// nullptr where there is none.
  ResourcePtr find(const std::string& kind, const ResourceKey& key) const;
  std::vector<ResourcePtr> list(const std::string& kind) const;
  std::size_t count(const std::string& kind) const;

 private:
  std::vector<ResourcePtr> list(const std::string& kind, const std::string& mesh) const;
  /// What a mesh's table of virtual addresses was made of.
  struct VipSources {
    using Places = std::set<std::pair<std::string, std::size_t>>;  ///< Dataplane, and which of its inbounds
    /// By the inbound's text (derive::vip_sources). Of two that want one name and port the first place counts.
    std::map<std::string, Places> inbounds;
    bool changed = true;  ///< since the table was made
  };
  static void note_vip_sources(const Change& change, VipSources& sources);
  MeshView::Ptr build(const std::string& mesh, std::vector<LeftOut>& out);
  void take(const Change& change, Work& work, std::vector<LeftOut>& out);
  bool remake_cross_mesh(const std::string& mesh);
  void follow_cross_mesh(const Change& change, Work& work);
  MeshView::Ptr after(const MeshView& view, const ResourceChange& change) const {
    return steps_.with ? steps_.with(view, change) : view.with(change);
  }
  Affected affected(const MeshView& view, const ResourceChange& change) const {
    return steps_.affected ? steps_.affected(view, change) : view.affected(change);
  }
  Affected judge(const MeshView& next, const ResourceChange& step) const;
  void take_in(const std::string& mesh, MeshView::Ptr& view, Change change, Work& work);
  bool is_left_out(const std::string& mesh, const Change& change) const;
  void note(const std::string& mesh, std::string kind, const ResourceKey& key, std::string reason,
            std::vector<LeftOut>& out);

  ZoneSettings settings_;
  Steps steps_;
  /// (kind, mesh, name): a new mesh's view is built from these.
  std::map<std::string, std::map<ResourceKey, ResourcePtr>> resources_;
  std::map<std::string, MeshView::Ptr> views_;
  std::shared_ptr<const CrossMeshTable> cross_mesh_ = std::make_shared<const CrossMeshTable>();
  std::map<std::string, Subjects> left_out_;
  std::map<std::string, VipSources> vip_sources_;  // by mesh, of those that have a view
  std::map<std::string, derive::AddressPool, std::less<>> addresses_ = {{"MeshService", {"241.0.0.0", 8}},
                                                                        {"MeshExternalService", {"242.0.0.0", 8}},
                                                                        {"MeshMultiZoneService", {"243.0.0.0", 8}}};
};

}  // namespace kumasim::cp
