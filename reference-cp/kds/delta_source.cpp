#include "reference-cp/kds/delta_source.hpp"

#include <algorithm>
#include <cassert>
#include <ranges>
#include <utility>

#include <envoy/service/discovery/v3/discovery.pb.h>
#include <fmt/format.h>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::kds {
namespace {

/// Names all of a kind, as does a first request without names.
constexpr std::string_view all_names = "*";

std::string print(const std::string& kind, const std::string& nonce, const std::string& control_plane,
                  const std::vector<ResourceMessagePtr>& resources, const std::vector<std::string>& removed) {
  envoy::service::discovery::v3::DeltaDiscoveryResponse out;
  out.set_type_url(kind);
  out.set_nonce(nonce);
  if (!control_plane.empty()) out.mutable_control_plane()->set_identifier(control_plane);
  for (const ResourceMessagePtr& resource : resources) {
    auto& to = *out.add_resources();
    to.set_name(resource->name);
    to.set_version(resource->version);
    to.mutable_resource()->set_type_url(std::string(kuma_resource_type_url));
    to.mutable_resource()->set_value(resource->bytes);
  }
  for (const std::string& name : removed) out.add_removed_resources(name);
  return deterministic_bytes(out);
}

}  // namespace

DeltaSource::DeltaSource(std::string control_plane, SourceLimits limits)
    : control_plane_(std::move(control_plane)), limits_(limits) {}

std::optional<Error> DeltaSource::judge(const DeltaDiscoveryRequest& request) const {
  if (request.type_url.empty()) return Error{Code::invalid_argument, "type URL is required for ADS", {}};
  auto too_much = [](std::string_view what, std::size_t limit) {
    return Error{Code::resource_exhausted, fmt::format("the stream asks for more than {} {}", limit, what), {}};
  };
  auto is_long = [&](const std::string& name) { return name.size() > limits_.name_bytes_max; };
  if (is_long(request.type_url) || std::ranges::any_of(request.subscribe, is_long) ||
      std::ranges::any_of(request.initial_versions | std::views::keys, is_long) ||
      std::ranges::any_of(request.initial_versions | std::views::values, is_long))
    return too_much("bytes of a name or version", limits_.name_bytes_max);
  if (!kinds_.contains(request.type_url) && kinds_.size() >= limits_.kinds_max)
    return too_much("kinds", limits_.kinds_max);
  // Of a name that it has already a stream may ask again: the count is an upper bound for this one request only.
  std::size_t names = request.subscribe.size() + request.initial_versions.size() + lost_meshes_.size();
  for (const auto& [kind, state] : kinds_) {
    // What this side has is its own affair; the rest is there by the other side's word.
    const std::size_t own = state.snapshot ? state.snapshot->size() : 0;
    names += state.names.size();
    for (std::size_t kept : {state.held.size(), state.refused.size()}) names += kept > own ? kept - own : 0;
  }
  if (names > limits_.names_max) return too_much("resource names", limits_.names_max);
  return std::nullopt;
}

void DeltaSource::subscribe(KindState& state, const DeltaDiscoveryRequest& request, bool first) {
  if (first) {
    state.wildcard = request.subscribe.empty();
    state.full = request.initial_versions.empty();
    for (const auto& [name, version] : request.initial_versions) state.held.emplace(name, is_lost(name) ? "" : version);
  }
  for (const std::string& name : request.subscribe) {
    if (name == all_names)
      state.wildcard = true;
    else
      state.names.insert(name);
  }
  for (const std::string& name : request.unsubscribe) {
    if (name == all_names) {
      state.wildcard = false;
      continue;
    }
    // Who has all, and gives up one that it asked for by name, is told what has become of that one.
    const bool named = state.names.erase(name) > 0;
    if (state.wildcard && named)
      state.held[name].clear();
    else if (!state.wildcard)
      state.held.erase(name);
  }
  if (state.wildcard) return;
  std::erase_if(state.held, [&](const auto& entry) { return !state.names.contains(entry.first); });
  std::erase_if(state.refused, [&](const std::string& name) { return !state.names.contains(name); });
}

void DeltaSource::answered(KindState& state, const DeltaDiscoveryRequest& request, SourceActions& actions) {
  state.open = false;
  actions.answer = SourceAnswer{request.type_url, request.error};
  for (const std::string& name : state.carried) {
    if (request.error)
      state.refused.insert(name);
    else
      state.refused.erase(name);
  }
  state.carried.clear();
}

SourceActions DeltaSource::on_request(const DeltaDiscoveryRequest& request) {
  SourceActions actions;
  actions.refused = judge(request);
  if (actions.refused) return actions;
  KindState& state = kinds_[request.type_url];
  const bool first = !state.asked;
  state.asked = true;
  if (!first && state.open && !request.response_nonce.empty() && request.response_nonce == state.nonce)
    answered(state, request, actions);
  subscribe(state, request, first);
  if (state.wildcard && request.initial_versions.empty() && (first || request.response_nonce.empty())) state.due = true;
  flush(request.type_url, state, actions);
  return actions;
}

SourceActions DeltaSource::on_snapshot(std::string_view kind, KindSnapshotPtr snapshot) {
  assert(snapshot != nullptr);
  SourceActions actions;
  auto found = kinds_.find(kind);
  if (found == kinds_.end()) found = kinds_.emplace(std::string(kind), KindState{}).first;
  found->second.snapshot = std::move(snapshot);
  flush(found->first, found->second, actions);
  return actions;
}

SourceActions DeltaSource::on_complete() {
  SourceActions actions;
  complete_ = true;
  for (auto& [kind, state] : kinds_) flush(kind, state, actions);
  return actions;
}

SourceActions DeltaSource::retry_refused() {
  SourceActions actions;
  for (auto& [kind, state] : kinds_) {
    for (const std::string& name : state.refused) {
      const bool on_its_way = state.open && std::ranges::find(state.carried, name) != state.carried.end();
      // No resource has an empty version: it is sent, or removed where it has gone.
      if (!on_its_way) state.held[name].clear();
    }
    flush(kind, state, actions);
  }
  return actions;
}

bool DeltaSource::differs(const KindState& state) const {
  static const KindSnapshot none;
  const KindSnapshot& all = state.snapshot ? *state.snapshot : none;
  auto is_another = [&](const std::string& name, const ResourceMessage& resource) {
    auto held = state.held.find(name);
    return held == state.held.end() || held->second != resource.version;
  };
  for (const auto& [name, resource] : all)
    if ((state.wildcard || state.names.contains(name)) && is_another(name, *resource)) return true;
  return std::ranges::any_of(state.held, [&](const auto& entry) { return !all.contains(entry.first); });
}

void DeltaSource::flush(const std::string& kind, KindState& state, SourceActions& actions) {
  static const KindSnapshot none;
  if (!state.asked || state.open || (!state.snapshot && !complete_)) return;
  const KindSnapshot& all = state.snapshot ? *state.snapshot : none;
  SourceResponse response{.kind = kind, .nonce = {}, .names = {}, .removed = {}, .bytes = {}};
  std::vector<ResourceMessagePtr> resources;
  for (const auto& [name, resource] : all) {
    if (!state.wildcard && !state.names.contains(name)) continue;
    std::string& held = state.held[name];
    if (held == resource->version) continue;
    held = resource->version;
    response.names.push_back(name);
    resources.push_back(resource);
  }
  for (auto held = state.held.begin(); held != state.held.end();) {
    if (all.contains(held->first)) {
      ++held;
      continue;
    }
    response.removed.push_back(held->first);
    held = state.held.erase(held);
  }
  if (resources.empty() && response.removed.empty() && !state.due) return;
  const bool full_of_meshes = std::exchange(state.full, false) && kind == kind::mesh().type();
  if (kind == kind::mesh().type()) lose_what_is_in(response.removed);
  if (full_of_meshes) lose_all_but(all);
  response.nonce = state.nonce = std::to_string(++nonce_);
  response.bytes = print(kind, response.nonce, control_plane_, resources, response.removed);
  state.open = true;
  state.due = false;
  state.carried = response.names;
  state.carried.insert(state.carried.end(), response.removed.begin(), response.removed.end());
  actions.send.push_back(std::move(response));
  if (!full_of_meshes) return;
  for (auto& [other, its_state] : kinds_) flush(other, its_state, actions);
}

bool DeltaSource::is_lost(std::string_view delta_name) const {
  const std::string mesh = key_from_delta_name(delta_name).mesh;
  if (mesh.empty()) return false;
  return lost_meshes_.contains(mesh) || (first_meshes_ && !first_meshes_->contains(mesh));
}

/// A store that loses a Mesh loses what is in it: should that come again as it was, it is to be sent. The versions that
/// a kind's first request brings may be older than the loss.
void DeltaSource::lose_what_is_in(const std::vector<std::string>& meshes) {
  for (const std::string& delta_name : meshes) {
    const std::string mesh = key_from_delta_name(delta_name).name;
    lost_meshes_.insert(mesh);
    for (auto& [kind, state] : kinds_)
      for (auto& [name, version] : state.held)
        if (key_from_delta_name(name).mesh == mesh) version.clear();
  }
}

/// A full response of meshes removes all others over there, and what is in them.
void DeltaSource::lose_all_but(const KindSnapshot& meshes) {
  first_meshes_.emplace();
  for (const auto& [name, resource] : meshes) first_meshes_->insert(key_from_delta_name(name).name);
  for (auto& [kind, state] : kinds_)
    for (auto& [name, version] : state.held)
      if (is_lost(name)) version.clear();
}

bool DeltaSource::settled() const {
  return std::ranges::all_of(kinds_, [&](const auto& entry) {
    const KindState& state = entry.second;
    if (!state.asked) return true;
    return (state.snapshot || complete_) && !state.open && !state.due && !differs(state);
  });
}

std::map<std::string, std::set<std::string>> DeltaSource::refused() const {
  std::map<std::string, std::set<std::string>> out;
  for (const auto& [kind, state] : kinds_)
    if (!state.refused.empty()) out[kind] = {state.refused.begin(), state.refused.end()};
  return out;
}

}  // namespace kumasim::cp::kds
