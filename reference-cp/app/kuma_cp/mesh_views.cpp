#include "reference-cp/app/kuma_cp/mesh_views.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/xds/derive/mesh_service_status.hpp"
#include "reference-cp/xds/derive/vips.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/remote_endpoints.hpp"

namespace kumasim::cp {
namespace {

/// Kinds that MeshServices and virtual addresses are derived from.
constexpr std::array<std::string_view, 10> derived_from = {
    "Dataplane",       "DataplaneInsight", "Mesh",        "MeshService",         "HostnameGenerator",
    "ExternalService", "VirtualOutbound",  "ZoneIngress", "MeshExternalService", "MeshMultiZoneService"};

bool derives(const Change& change, const std::string& zone) {
  const std::string& kind = change.kind->type();
  if (std::ranges::find(derived_from, kind) == derived_from.end()) return false;
  auto remote = [&](const ResourcePtr& r) { return r && is_remote_ingress(*r, zone); };
  if (kind == "ZoneIngress") return remote(change.before) || remote(change.after);
  if (kind != "DataplaneInsight") return true;
  // Of an insight only whether the proxy is connected and has a certificate counts, not each count of responses.
  if (derive::is_online(change.before.get()) != derive::is_online(change.after.get())) return true;
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
  // Taken is what destinations of any mesh hold: the pools are the zone's.
  if (auto pool = addresses_.find(change.kind->type()); pool != addresses_.end() && change.after)
    for (const std::string& address : mesh_service::vips(*change.after)) pool->second.take(address);
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
    bool derive = derives(change, settings_.zone);
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

std::string MeshViews::next_address(std::string_view kind) {
  auto pool = addresses_.find(kind);
  return pool == addresses_.end() ? std::string() : pool->second.next();
}

ResourcePtr MeshViews::find(const std::string& kind, const ResourceKey& key) const {
  auto table = resources_.find(kind);
  if (table == resources_.end()) return nullptr;
  auto found = table->second.find(key);
  return found == table->second.end() ? nullptr : found->second;
}

std::vector<ResourcePtr> MeshViews::list(const std::string& kind) const {
  std::vector<ResourcePtr> result;
  if (auto table = resources_.find(kind); table != resources_.end())
    for (const auto& [key, resource] : table->second) result.push_back(resource);
  return result;
}

std::size_t MeshViews::count(const std::string& kind) const {
  auto found = resources_.find(kind);
  return found == resources_.end() ? 0 : found->second.size();
}

}  // namespace kumasim::cp
