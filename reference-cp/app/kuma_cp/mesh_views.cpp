#include "reference-cp/app/kuma_cp/mesh_views.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/xds/derive/vips.hpp"
#include "reference-cp/xds/mesh_service.hpp"

namespace kumasim::cp {
namespace {

/// Kinds that MeshServices and virtual addresses are derived from.
constexpr std::array<std::string_view, 7> derived_from = {
    "Dataplane", "DataplaneInsight", "Mesh", "MeshService", "HostnameGenerator", "ExternalService", "VirtualOutbound"};

bool derives(const Change& change) {
  const std::string& kind = change.kind->type();
  if (std::ranges::find(derived_from, kind) == derived_from.end()) return false;
  if (kind != "DataplaneInsight") return true;
  // Of an insight only whether the proxy has a certificate counts, not each count of responses.
  auto backend = [](const ResourcePtr& r) {
    if (!r || !r->spec.contains("mTLS")) return std::string();
    return r->spec["mTLS"].value("issuedBackend", "");
  };
  return backend(change.before) != backend(change.after);
}

}  // namespace

void MeshViews::merge(const Affected& affected, MeshWork& work) const { work.proxies.merge(affected); }

void MeshViews::apply(const Change& change, Work& work) {
  auto& table = resources_[change.kind->type()];
  if (change.after)
    table[change.key] = change.after;
  else
    table.erase(change.key);
  // Taken is what any mesh's MeshServices hold: the pool is the zone's.
  if (change.kind->type() == "MeshService" && change.after)
    for (const std::string& address : mesh_service::vips(*change.after)) service_addresses_.take(address);
  bool is_mesh = change.kind->type() == "Mesh";
  const std::string& name = change.key.name;
  if (is_mesh && !change.after) {
    views_.erase(name);
    return;
  }
  if (is_mesh && !views_.contains(name)) {
    std::vector<ResourcePtr> all;
    for (const auto& [kind, resources] : resources_)
      for (const auto& [key, resource] : resources) all.push_back(resource);
    views_[name] = MeshView::build(name, settings_, all);
    work[name] = {
        .proxies = {.all = true, .names = {}, .virtual_outbounds = false}, .derive = true, .certificates = true};
  }
  ResourceChange step{change.before, change.after};
  bool secret = change.kind->type() == "Secret";
  for (auto& [mesh, view] : views_) {
    bool own = change.kind->is_global() ? !is_mesh || mesh == name : mesh == change.key.mesh;
    if (!own) {
      if (is_mesh) view = view->with(step);
      continue;
    }
    view = view->with(step);
    Affected affected = view->affected(step);
    bool derive = derives(change);
    if (affected.none() && !derive && !secret) continue;
    MeshWork& entry = work[mesh];
    merge(affected, entry);
    entry.derive = entry.derive || derive;
    if (secret || (is_mesh && mesh == name)) {
      entry.certificates = true;
      entry.proxies.all = entry.proxies.all || view->mtls_enabled();
    }
  }
}

MeshView::Ptr MeshViews::find(const std::string& mesh) const {
  auto found = views_.find(mesh);
  return found == views_.end() ? nullptr : found->second;
}

bool MeshViews::refresh_vips(const std::string& mesh) {
  auto found = views_.find(mesh);
  if (found == views_.end()) return false;
  VipTable table = derive::vips(*found->second, found->second->vips());
  if (table == found->second->vips()) return false;
  found->second = found->second->with_vips(std::make_shared<const VipTable>(std::move(table)));
  return true;
}

std::string MeshViews::next_service_address() { return service_addresses_.next(); }

std::size_t MeshViews::count(const std::string& kind) const {
  auto found = resources_.find(kind);
  return found == resources_.end() ? 0 : found->second.size();
}

}  // namespace kumasim::cp
