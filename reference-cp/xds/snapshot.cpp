#include "reference-cp/xds/snapshot.hpp"

#include "reference-cp/xds/content_hash.hpp"

namespace kumasim::cp {

const Snapshot::Resources& Snapshot::of(std::string_view type_url) const {
  static const Resources none;
  auto found = types_.find(type_url);
  return found == types_.end() ? none : found->second;
}

XdsResourcePtr Snapshot::find(std::string_view type_url, std::string_view name) const {
  const Resources& resources = of(type_url);
  auto found = resources.find(name);
  return found == resources.end() ? nullptr : found->second;
}

std::string Snapshot::version(std::string_view type_url) const {
  ContentHash hash;
  for (const auto& [name, resource] : of(type_url)) {
    hash.add(name);
    hash.add(resource->version);
  }
  return hash.hex();
}

void Snapshot::add(std::string_view type_url, XdsResourcePtr resource) {
  auto type = types_.try_emplace(std::string(type_url)).first;
  std::string name = resource->name;
  type->second.insert_or_assign(std::move(name), std::move(resource));
}

void Snapshot::share(const Snapshot& previous) {
  for (auto& [type, resources] : types_) {
    const Resources& old = previous.of(type);
    for (auto& [name, resource] : resources)
      if (auto held = old.find(name); held != old.end() && held->second->version == resource->version)
        resource = held->second;
  }
}

bool operator==(const Snapshot& a, const Snapshot& b) {
  auto same = [](const auto& x, const auto& y) {
    return x.first == y.first && (x.second == y.second || x.second->version == y.second->version);
  };
  auto same_type = [&](const auto& x, const auto& y) {
    return x.first == y.first && std::equal(x.second.begin(), x.second.end(), y.second.begin(), y.second.end(), same);
  };
  return std::equal(a.types_.begin(), a.types_.end(), b.types_.begin(), b.types_.end(), same_type);
}

SnapshotDiff diff(const Snapshot& before, const Snapshot& after, std::string_view type_url) {
  SnapshotDiff result;
  for (const auto& [name, resource] : after.of(type_url)) {
    XdsResourcePtr old = before.find(type_url, name);
    if (!old || old->version != resource->version) result.changed.push_back(resource);
  }
  for (const auto& [name, resource] : before.of(type_url))
    if (!after.find(type_url, name)) result.removed.push_back(name);
  return result;
}

}  // namespace kumasim::cp
