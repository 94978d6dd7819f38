#include "scenarios/inspect/provenance.hpp"

#include <algorithm>

#include "reference-cp/app/kuma_cp/mesh_views.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/generate.hpp"

namespace kumasim::scenario {
namespace {

/// Secrets are left out of comparisons, so any certificate does.
cp::ProxyIdentity stand_in(const cp::MeshView& mesh) {
  cp::ProxyIdentity out;
  if (!mesh.mtls_enabled()) return out;
  out.certificate_pem = "certificate";
  out.key_pem = "key";
  for (const auto& [name, other] : mesh.all("Mesh")) out.ca_bundles[name] = "CA";
  out.ca_bundles[mesh.name()] = "CA";
  out.all_cas_pem = "CAs";
  return out;
}

std::string zone_of(const Scenario& scenario) {
  auto found = scenario.control_plane.settings.find("KUMA_MULTIZONE_ZONE_NAME");
  return found == scenario.control_plane.settings.end() ? cp::ZoneSettings().zone : found->second;
}

}  // namespace

/// The views of the meshes, and one proxy's configuration out of them.
struct Provenance::Maker {
  cp::MeshViews views;
  cp::ZoneSettings zone;
  std::string mesh, dataplane;
  cp::NodeMetadata metadata;
  cp::policy::PlantedBugs planted;

  /// By type and name; nothing where the proxy's Dataplane is not there, or nothing can be made.
  std::map<Name, XdsBytes> make(const cp::MeshViews& of) const {
    cp::MeshView::Ptr view = of.find(mesh);
    const cp::ResourcePtr* found = view ? view->all("Dataplane").find(dataplane) : nullptr;
    if (found == nullptr) return {};
    auto made = cp::try_generate(*view, cp::proxy_view(*view, *found, metadata, stand_in(*view)), {.planted = planted});
    std::map<Name, XdsBytes> out;
    if (!made) return out;
    for (const auto& [url, resources] : made->types()) {
      if (short_type(url) == "Secret") continue;
      for (const auto& [name, resource] : resources) out[{std::string(short_type(url)), name}] = resource->any;
    }
    return out;
  }

  /// True where the change can have changed the proxy.
  bool take(const cp::Change& change) {
    cp::Work work;
    views.apply(change, work);
    bool vips = views.find(mesh) && views.refresh_vips(mesh);
    auto todo = work.find(mesh);
    return vips ||
           (todo != work.end() && cp::reach_of(todo->second.proxies, dataplane, metadata) != cp::Reach::nothing);
  }
};

Provenance::Provenance(const RecordedRun& run, const std::string& process) : run_(run) {
  cp::ZoneSettings zone;
  zone.zone = zone_of(run.scenario());
  maker_ = std::make_unique<Maker>(cp::MeshViews(zone), zone);
  maker_->mesh = run.scenario().find_service(run.scenario().find_instance(process)->service)->mesh;
  maker_->dataplane = process;
  maker_->metadata = cp::NodeMetadata::from_json(run.conversation(process).node_metadata());
  maker_->planted = cp::policy::PlantedBugs::from_name(run.run().planted_bug).value_or(cp::policy::PlantedBugs{});
  replay();
}

Provenance::~Provenance() = default;

void Provenance::replay() {
  std::map<Name, XdsBytes> now;
  for (const Commit& commit : run_.commits().all()) {
    if (!maker_->take(commit.change)) continue;
    std::map<Name, XdsBytes> next = maker_->make(maker_->views);
    for (const auto& [name, bytes] : next) {
      auto before = now.find(name);
      if (before == now.end() || *before->second != *bytes) history_[name].push_back({&commit, bytes});
    }
    for (const auto& [name, bytes] : now) {
      if (!next.contains(name)) history_[name].push_back({&commit, nullptr});
    }
    now = std::move(next);
  }
}

const Provenance::Made* Provenance::made_until(std::string_view type, const std::string& name, Duration until) const {
  auto found = history_.find({std::string(type), name});
  if (found == history_.end()) return nullptr;
  const Made* out = nullptr;
  for (const Made& made : found->second) {
    if (made.commit->at <= until) out = &made;
  }
  return out;
}

const Commit* Provenance::changed_by(std::string_view type, const std::string& name, Duration until) const {
  const Made* made = made_until(type, name, until);
  return made == nullptr ? nullptr : made->commit;
}

bool Provenance::equal(std::string_view type, const std::string& name, Duration until, const std::string& bytes) const {
  const Made* made = made_until(type, name, until);
  return made != nullptr && made->bytes && *made->bytes == bytes;
}

std::map<Provenance::Name, std::vector<Needed>> Provenance::leave_out_each(std::size_t commits) const {
  Maker maker{cp::MeshViews(maker_->zone), maker_->zone,     maker_->mesh,
              maker_->dataplane,           maker_->metadata, maker_->planted};
  std::map<std::pair<std::string, cp::ResourceKey>, const Commit*> stored;
  for (std::size_t i = 0; i < commits; ++i) {
    const Commit& commit = run_.commits().all()[i];
    maker.take(commit.change);
    std::pair key{commit.change.kind->type(), commit.change.key};
    if (commit.change.after)
      stored[key] = &commit;
    else
      stored.erase(key);
  }
  const std::map<Name, XdsBytes> now = maker.make(maker.views);
  std::map<Name, std::vector<Needed>> out;
  for (const auto& [key, commit] : stored) {
    const cp::Change& change = commit->change;
    bool own = key.first == "Dataplane" && change.key == cp::ResourceKey{maker.mesh, maker.dataplane};
    bool mesh = key.first == "Mesh" && change.key.name == maker.mesh;
    if (own || mesh || commit->insight() || key.first.ends_with("Secret")) continue;
    cp::MeshViews without = maker.views;
    cp::Work work;
    without.apply({change.kind, change.key, change.after, nullptr}, work);
    if (without.find(maker.mesh)) without.refresh_vips(maker.mesh);
    const std::map<Name, XdsBytes> less = maker.make(without);
    for (const auto& [name, bytes] : now) {
      auto found = less.find(name);
      bool gone = found == less.end();
      if (gone || *found->second != *bytes) out[name].push_back({commit, gone});
    }
  }
  return out;
}

const std::vector<Needed>& Provenance::needed(std::string_view type, const std::string& name, Duration until) {
  const auto& all = run_.commits().all();
  auto count = static_cast<std::size_t>(std::ranges::upper_bound(all, until, {}, &Commit::at) - all.begin());
  auto found = needed_.find(count);
  if (found == needed_.end()) found = needed_.emplace(count, leave_out_each(count)).first;
  return found->second[{std::string(type), name}];
}

}  // namespace kumasim::scenario
