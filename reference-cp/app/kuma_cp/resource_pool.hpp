/// One object for every content: proxies of a mesh mostly hold the same clusters, listeners and secrets.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "reference-cp/xds/snapshot.hpp"

namespace kumasim::cp {

/// Knows resources for as long as somebody holds them. Nothing is ever read from it in its own order.
class ResourcePool {
 public:
  /// The same snapshot, of objects that others hold where there are some.
  Snapshot shared(const Snapshot& snapshot) {
    Snapshot out;
    for (const auto& [type, resources] : snapshot.types())
      for (const auto& [name, resource] : resources) out.add(type, shared(resource));
    return out;
  }

  /// Entries, those that nobody holds any more among them.
  std::size_t size() const { return known_.size(); }

 private:
  static constexpr std::size_t sweep_size_min = 1024;

  XdsResourcePtr shared(const XdsResourcePtr& resource) {
    std::weak_ptr<const XdsResource>& known = known_[std::hash<std::string_view>()(resource->version)];
    XdsResourcePtr held = known.lock();
    if (held == resource) return resource;
    // A version is a hash of the content, which does not say that a stranger's is another.
    bool same = held && held->name == resource->name && held->version == resource->version &&
                *held->any == *resource->any;
    if (same) return held;
    known = resource;
    if (known_.size() >= sweep_at_) sweep();
    return resource;
  }

  void sweep() {
    std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max(sweep_size_min, known_.size() * 2);
  }

  std::unordered_map<std::size_t, std::weak_ptr<const XdsResource>> known_;  // by the version's hash
  std::size_t sweep_at_ = sweep_size_min;
};

}  // namespace kumasim::cp
