#include "reference-cp/app/kuma_cp/mesh_views.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <string_view>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/subscriptions.hpp"
#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/xds/derive/vips.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/remote_endpoints.hpp"

namespace kumasim::cp {
namespace {

/// Kinds that MeshServices and virtual addresses are derived from.
constexpr std::array<std::string_view, 12> derived_from = {
    "Dataplane",       "DataplaneInsight", "Mesh",         "MeshService",         "HostnameGenerator",
    "ExternalService", "VirtualOutbound",  "ZoneIngress",  "MeshExternalService", "MeshMultiZoneService",
    "MeshIdentity",    "MeshTrust"};

bool is_builtin_gateway(const ResourcePtr& dataplane) {
  return dataplane && text_at(dataplane->spec, "networking", "gateway", "type") == "BUILTIN";
}

bool derives(const Change& change, const std::string& zone) {
  const std::string& kind = change.kind->type();
  if (std::ranges::find(derived_from, kind) == derived_from.end()) return false;
  auto remote = [&](const ResourcePtr& r) { return r && is_remote_ingress(*r, zone); };
  if (kind == "ZoneIngress") return remote(change.before) || remote(change.after);
  if (kind != "DataplaneInsight") return true;
  // Of an insight only whether the proxy is connected and has a certificate counts, not each count of responses.
  if (is_connected(change.before.get()) != is_connected(change.after.get())) return true;
  auto backend = [](const ResourcePtr& r) { return r ? text_at(r->spec, "mTLS", "issuedBackend") : std::string(); };
  return backend(change.before) != backend(change.after);
}

/// Kinds, beside the Dataplane, that virtual addresses follow from.
constexpr std::array<std::string_view, 4> vips_from = {"ExternalService", "Mesh", "VirtualOutbound", "ZoneIngress"};

/// Never empty.
std::string reason_of(const std::exception& error) { return *error.what() ? error.what() : "no reason was given"; }

}  // namespace

bool MeshViews::is_count(const Kind& kind) { return kind.type() == "MeshInsight" || kind.type() == "ServiceInsight"; }

bool MeshViews::is_left_out(const std::string& mesh, const Change& change) const {
  auto found = left_out_.find(mesh);
  return found != left_out_.end() && found->second.contains({change.kind->type(), change.key});
}

/// An empty reason: it has been taken in.
void MeshViews::note(const std::string& mesh, std::string kind, const ResourceKey& key, std::string reason,
                     std::vector<LeftOut>& out) {
  if (!reason.empty()) {
    left_out_[mesh].insert({std::move(kind), key});
    out.push_back({mesh, std::move(reason)});
    return;
  }
  auto found = left_out_.find(mesh);
  if (found == left_out_.end()) return;
  found->second.erase({std::move(kind), key});
  if (found->second.empty()) left_out_.erase(found);
}

MeshView::Ptr MeshViews::build(const std::string& mesh, std::vector<LeftOut>& out) {
  left_out_.erase(mesh);
  std::vector<ResourcePtr> all;
  for (const auto& [kind, resources] : resources_)
    for (const auto& [key, resource] : resources)
      if (!is_count(*resource->kind) && (resource->kind->is_global() || key.mesh == mesh)) all.push_back(resource);
  if (!steps_.with) {
    try {
      return MeshView::build(mesh, settings_, all);
    } catch (const std::exception&) {
      // Below it shows of which resource.
    }
  }
  MeshView::Ptr view = MeshView::build(mesh, settings_, {});
  for (const ResourcePtr& resource : all) {
    std::string reason;
    try {
      view = after(*view, {nullptr, resource});
    } catch (const std::exception& error) {
      reason = reason_of(error);
    }
    note(mesh, resource->kind->type(), resource->key(), std::move(reason), out);
  }
  return view;
}

std::vector<LeftOut> MeshViews::apply(const Change& change, Work& work) {
  std::vector<LeftOut> out;
  take(change, work, out);
  follow_cross_mesh(change, work);
  return out;
}

void MeshViews::take(const Change& change, Work& work, std::vector<LeftOut>& out) {
  const std::string& kind = change.kind->type();
  auto& table = resources_[kind];
  ResourcePtr held;
  if (auto found = table.find(change.key); found != table.end()) held = found->second;
  if (change.after)
    table[change.key] = change.after;
  else
    table.erase(change.key);
  if (is_count(*change.kind)) return;
  // Taken is what destinations of any mesh hold: the pools are the zone's.
  if (auto pool = addresses_.find(kind); pool != addresses_.end()) {
    if (change.after)
      for (const std::string& address : mesh_service::vips(*change.after)) pool->second.take(address);
    if (held)
      for (const std::string& address : mesh_service::vips(*held)) pool->second.give_back(address);
  }
  bool is_mesh = kind == "Mesh";
  const std::string& name = change.key.name;
  if (is_mesh && !change.after) {
    views_.erase(name);
    left_out_.erase(name);
    vip_sources_.erase(name);
    return;
  }
  if (is_mesh && !views_.contains(name)) {
    MeshView::Ptr built = build(name, out);
    // Without its Mesh a view would say that there is no mutual TLS: better none at all.
    if (!built->mesh()) return;
    VipSources& sources = vip_sources_[name] = {};
    for (const auto& [dataplane, resource] : built->all("Dataplane"))
      note_vip_sources({resource->kind, resource->key(), nullptr, resource}, sources);
    views_[name] = built->with_cross_mesh(cross_mesh_);
    work[name] = {.proxies = {.all = true, .names = {}, .endpoints = {}}, .derive = true, .certificates = true};
  }
  for (auto& [mesh, view] : views_) {
    if (!change.kind->is_global() && mesh != change.key.mesh) continue;
    std::string reason;
    try {
      take_in(mesh, view, change, work);
    } catch (const std::exception& error) {
      reason = reason_of(error);
    }
    note(mesh, kind, change.key, std::move(reason), out);
  }
}

/// True where it has changed.
bool MeshViews::remake_cross_mesh(const std::string& mesh) {
  std::optional<CrossMeshGateways> fresh;
  if (views_.contains(mesh))
    fresh = policy::cross_mesh_gateways(list("MeshGateway", mesh), list("Dataplane", mesh));
  auto held = cross_mesh_->find(mesh);
  if (held == cross_mesh_->end() ? !fresh : fresh && held->second == *fresh) return false;
  auto table = std::make_shared<CrossMeshTable>(*cross_mesh_);
  table->erase(mesh);
  if (fresh) table->emplace(mesh, std::move(*fresh));
  cross_mesh_ = std::move(table);
  return true;
}

/// What one mesh lets others reach shows in all of them, and so do the CAs and mutual TLS of all while any does.
void MeshViews::follow_cross_mesh(const Change& change, Work& work) {
  const std::string& kind = change.kind->type();
  bool is_mesh = kind == "Mesh", secret = kind == "Secret";
  bool gateways = kind == "MeshGateway" ||
                  (kind == "Dataplane" && (is_builtin_gateway(change.before) || is_builtin_gateway(change.after)));
  if (!is_mesh && !secret && !gateways) return;
  const std::string& mesh = is_mesh ? change.key.name : change.key.mesh;
  bool changed = !secret && remake_cross_mesh(mesh);
  if (!changed && (gateways || cross_mesh_->empty())) return;
  for (auto& [name, view] : views_) {
    if (changed) {
      view = view->with_cross_mesh(cross_mesh_);
      vip_sources_[name].changed = true;
    } else if (name == mesh) {
      continue;
    }
    MeshWork& entry = work[name];
    entry.proxies.all = true;
    entry.derive = entry.derive || changed;
  }
}

/// Whom the step reaches. What the view held must not keep out its own repair: where it is that which cannot be judged,
/// everything is reached.
Affected MeshViews::judge(const MeshView& next, const ResourceChange& step) const {
  try {
    return affected(next, step);
  } catch (const std::exception&) {
    if (!step.before) throw;
  }
  Affected out;
  if (step.after) out = affected(next, {nullptr, step.after});
  out.all = true;
  return out;
}

void MeshViews::note_vip_sources(const Change& change, VipSources& sources) {
  const std::string& kind = change.kind->type();
  if (kind != "Dataplane") {
    sources.changed = sources.changed || std::ranges::find(vips_from, kind) != vips_from.end();
    return;
  }
  std::vector<std::string> come, gone;
  if (change.after) come = derive::vip_sources(*change.after);
  if (change.before) gone = derive::vip_sources(*change.before);
  std::map<std::string, VipSources::Places::value_type> firsts;  // before the change; a text that is new has none
  for (const auto& texts : {gone, come})
    for (const std::string& text : texts)
      if (auto found = sources.inbounds.find(text); found != sources.inbounds.end())
        firsts.emplace(text, *found->second.begin());
  const std::string& name = change.key.name;
  for (std::size_t i = 0; i < gone.size(); ++i) {
    auto found = sources.inbounds.find(gone[i]);
    if (found != sources.inbounds.end() && found->second.erase({name, i}) > 0 && found->second.empty())
      sources.inbounds.erase(found);
  }
  for (std::size_t i = 0; i < come.size(); ++i) sources.inbounds[come[i]].insert({name, i});
  for (const auto& texts : {gone, come})
    for (const std::string& text : texts) {
      auto before = firsts.find(text);
      auto after = sources.inbounds.find(text);
      const bool there = after != sources.inbounds.end();
      if (there != (before != firsts.end()) || (there && before->second != *after->second.begin()))
        sources.changed = true;
    }
}

/// All of it or, where it throws, nothing.
void MeshViews::take_in(const std::string& mesh, MeshView::Ptr& view, Change change, Work& work) {
  const std::string& kind = change.kind->type();
  bool is_mesh = kind == "Mesh";
  // Not what the store had before: that may never have got here, and would block what follows it.
  const ResourcePtr* held = view->all(kind).find(change.key.name);
  change.before = held ? *held : nullptr;
  if (!change.before && !change.after) return;
  ResourceChange step{change.before, change.after};
  MeshView::Ptr next = after(*view, step);
  if (is_mesh && mesh != change.key.name) {
    view = std::move(next);
    return;
  }
  VipSources& sources = vip_sources_[mesh];
  Affected affected = judge(*next, step);
  bool derive = derives(change, settings_.zone);
  if (is_left_out(mesh, change)) {
    // Rare enough to do rather too much than too little.
    affected.all = true;
    derive = true;
    sources.changed = true;
  }
  note_vip_sources(change, sources);
  view = std::move(next);
  bool secret = kind == "Secret";
  if (affected.none() && !derive && !secret) return;
  MeshWork& entry = work[mesh];
  entry.proxies.merge(affected);
  entry.derive = entry.derive || derive;
  if (secret || is_mesh) {
    entry.certificates = true;
    entry.proxies.all = entry.proxies.all || view->mtls_enabled() || !view->all("MeshIdentity").empty();
  }
}

MeshView::Ptr MeshViews::find(const std::string& mesh) const {
  auto found = views_.find(mesh);
  return found == views_.end() ? nullptr : found->second;
}

bool MeshViews::refresh_vips(const std::string& mesh) {
  auto found = views_.find(mesh);
  if (found == views_.end()) return false;
  VipSources& sources = vip_sources_[mesh];
  if (!sources.changed) return false;
  VipTable table = derive::vips(*found->second, found->second->vips());
  sources.changed = false;
  if (table == found->second->vips()) return false;
  found->second = found->second->with_vips(std::make_shared<const VipTable>(std::move(table)));
  return true;
}

std::string MeshViews::next_address(std::string_view kind) {
  auto pool = addresses_.find(kind);
  return pool == addresses_.end() ? std::string() : pool->second.next();
}

void MeshViews::cancel_addresses(std::string_view kind, const std::vector<std::string>& addresses) {
  if (auto pool = addresses_.find(kind); pool != addresses_.end())
    for (const std::string& address : addresses) pool->second.cancel(address);
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

/// By name.
std::vector<ResourcePtr> MeshViews::list(const std::string& kind, const std::string& mesh) const {
  std::vector<ResourcePtr> result;
  auto table = resources_.find(kind);
  if (table == resources_.end()) return result;
  for (auto it = table->second.lower_bound({mesh, ""}); it != table->second.end() && it->first.mesh == mesh; ++it)
    result.push_back(it->second);
  return result;
}

std::size_t MeshViews::count(const std::string& kind) const {
  auto found = resources_.find(kind);
  return found == resources_.end() ? 0 : found->second.size();
}

}  // namespace kumasim::cp
