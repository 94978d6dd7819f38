#include "tests/property/zone_stores.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "tests/store/run_now.hpp"

namespace kumasim::testing {
namespace {

using cp::Change;
using cp::Kind;
using cp::Resource;
using cp::ResourceKey;
using cp::ResourcePtr;

/// So long may word of a resource that comes and goes be on its way.
constexpr Duration on_its_way_max = std::chrono::seconds(30);

std::string text_of(const std::string& process, const Kind& kind, const ResourceKey& key) {
  return fmt::format("{} of {}/{} in {}", kind.type(), key.mesh, key.name, process);
}

bool is_one_of(std::span<const Kind* const> kinds, const Kind* kind) {
  return std::ranges::find(kinds, kind) != kinds.end();
}

bool is_insight(const Kind& kind) { return kind.type().ends_with("Insight"); }

bool has_addresses(const Kind& kind) {
  return &kind == &cp::kind::mesh_service() || &kind == &cp::kind::mesh_multi_zone_service() ||
         &kind == &cp::kind::mesh_external_service();
}

/// As it is stored: what is null or empty is not there.
bool same(const Resource& wanted, const Resource& held, bool status) {
  return wanted.spec == held.spec && wanted.meta.labels == held.meta.labels &&
         (!status || wanted.status == held.status);
}

}  // namespace

ZoneStores::ZoneStores(const scenario::Scenario& scenario, std::function<MonotonicTime()> now)
    : scenario_(scenario), now_(std::move(now)) {
  for (const std::string& process : scenario.control_planes()) places_[process].zone = scenario.zone_of(process);
}

std::string ZoneStores::process_of(const std::string& zone) const { return scenario_.control_plane_in(zone).name; }

/// A life may have lost what was written last, which is a change as any other; nobody took it away.
void ZoneStores::opened(const std::string& process, cp::Store& store) {
  for (const Kind* kind : cp::kinds()) {
    auto list = cp::testing::run_now(store.list(*kind, {}));
    if (!list) {
      broken_.push_back(fmt::format("{} cannot be read in {}: {}", kind->type(), process, list.error().message));
      continue;
    }
    Resources before = places_.at(process).held[kind];
    for (const ResourcePtr& resource : list->items) {
      auto known = before.extract(resource->key());
      if (!known || known.mapped() != resource)
        changed(process, {kind, resource->key(), known ? known.mapped() : nullptr, resource});
    }
    for (const auto& [key, resource] : before) changed(process, {kind, key, resource, nullptr});
  }
  store.subscribe([this, process](const Change& change) {
    if (!change.after) removed(process, change);
    changed(process, change);
  });
}

ZoneStores::Copies ZoneStores::copies(const Place& owner, const Resource* resource) const {
  Copies out;
  if (resource == nullptr) return out;
  if (!owner.zone.empty()) {
    if (!is_one_of(cp::kds::kinds_of_zones(), resource->kind) || !cp::kds::is_given_to_global(*resource)) return out;
    Resource given = cp::kds::as_given_to_global(*resource, owner.zone, {});
    cp::kds::take_from_zone(given, {.zone = owner.zone});
    out.emplace(Copy{process_of(""), resource->kind, given.key()}, std::move(given));
    return out;
  }
  if (!is_one_of(cp::kds::kinds_of_global(), resource->kind)) return out;
  cp::kds::ZonePeer peer;
  for (std::string_view feature : cp::kds::own_features()) peer.features.emplace(feature);
  for (const scenario::Zone& zone : scenario_.zones) {
    peer.zone = zone.name;
    if (!cp::kds::is_given_to_zone(*resource, peer, {})) continue;
    auto given = cp::kds::as_given_to_zone(*resource, peer, {});
    if (given) out.emplace(Copy{zone.control_plane.name, resource->kind, given->key()}, std::move(*given));
  }
  return out;
}

bool ZoneStores::is_copy(const Place& holder, const Resource& resource) const {
  if (holder.zone.empty())
    return is_one_of(cp::kds::kinds_of_zones(), resource.kind) && !resource.meta.label("kuma.io/zone").empty();
  return is_one_of(cp::kds::kinds_of_global(), resource.kind) && resource.meta.label("kuma.io/origin") == "global";
}

void ZoneStores::changed(const std::string& process, const Change& change) {
  Place& place = places_.at(process);
  Resources& held = place.held[change.kind];
  auto known = held.find(change.key);
  Copies before = copies(place, known == held.end() ? nullptr : known->second.get());
  Copies after = copies(place, change.after.get());
  for (const auto& [copy, resource] : before) {
    if (after.contains(copy)) continue;
    given_.erase(copy);
    withdrawn_[copy] = now_();
  }
  for (const auto& [copy, resource] : after) given_.insert(copy);
  if (change.after) {
    held[change.key] = change.after;
    check_addresses(process, change);
    return;
  }
  held.erase(change.key);
}

void ZoneStores::removed(const std::string& process, const Change& change) {
  auto held = places_.at(process).held[change.kind].find(change.key);
  if (held == places_.at(process).held[change.kind].end() || !is_copy(places_.at(process), *held->second)) return;
  Copy copy{process, change.kind, change.key};
  if (!given_.contains(copy)) return;
  // Its owner may have made it anew meanwhile.
  auto withdrawn = withdrawn_.find(copy);
  if (withdrawn != withdrawn_.end() && withdrawn->second + on_its_way_max >= now_()) return;
  broken_.push_back(fmt::format("{:.3f}s: {} was removed though its owner has it",
                                std::chrono::duration<double>(now_().time_since_epoch()).count(),
                                text_of(process, *change.kind, change.key)));
}

void ZoneStores::check_addresses(const std::string& process, const Change& change) {
  const Place& place = places_.at(process);
  if (place.zone.empty() || !has_addresses(*change.kind)) return;
  std::vector<std::string> addresses = cp::mesh_service::vips(*change.after);
  for (const auto& [kind, resources] : place.held) {
    if (!has_addresses(*kind)) continue;
    for (const auto& [key, other] : resources) {
      if (kind == change.kind && key == change.key) continue;
      for (const std::string& address : cp::mesh_service::vips(*other)) {
        if (std::ranges::find(addresses, address) != addresses.end())
          broken_.push_back(fmt::format("{} has the address {} of {}", text_of(process, *change.kind, change.key),
                                        address, text_of(process, *kind, key)));
      }
    }
  }
}

ResourcePtr ZoneStores::find(const std::string& process, const Kind& kind, const ResourceKey& key) const {
  const Place& place = places_.at(process);
  auto resources = place.held.find(&kind);
  if (resources == place.held.end()) return nullptr;
  auto found = resources->second.find(key);
  return found == resources->second.end() ? nullptr : found->second;
}

std::string ZoneStores::difference(bool insights) const {
  Copies wanted;
  for (const auto& [process, place] : places_)
    for (const auto& [kind, resources] : place.held)
      for (const auto& [key, resource] : resources)
        if (insights || !is_insight(*kind)) wanted.merge(copies(place, resource.get()));
  for (const auto& [copy, resource] : wanted) {
    ResourcePtr held = find(copy.holder, *copy.kind, copy.key);
    const bool of_zone = copy.holder == process_of("");
    if (!held) return text_of(copy.holder, *copy.kind, copy.key) + " is missing";
    if (!same(resource, *held, of_zone))
      return fmt::format("{} is {} {} {}, and should be {} {} {}", text_of(copy.holder, *copy.kind, copy.key),
                         nlohmann::json(held->meta.labels).dump(), held->spec.dump(), held->status.dump(),
                         nlohmann::json(resource.meta.labels).dump(), resource.spec.dump(), resource.status.dump());
  }
  for (const auto& [process, place] : places_)
    for (const auto& [kind, resources] : place.held)
      for (const auto& [key, resource] : resources)
        if ((insights || !is_insight(*kind)) && is_copy(place, *resource) && !wanted.contains({process, kind, key}))
          return text_of(process, *kind, key) + " is too much";
  return "";
}

}  // namespace kumasim::testing
