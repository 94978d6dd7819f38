/// What a client was sent of one type and may still hold: a few words for each resource, for every connection has some
/// hundreds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference-cp/xds/snapshot.hpp"

namespace kumasim::cp {

/// In the order of their names, each name once. A resource without bytes is known from the client's word only.
class SentResources {
 public:
  using const_iterator = std::vector<XdsResourcePtr>::const_iterator;

  const_iterator begin() const { return resources_.begin(); }
  const_iterator end() const { return resources_.end(); }
  std::size_t size() const { return resources_.size(); }
  bool empty() const { return resources_.empty(); }

  /// nullptr where there is none.
  const XdsResource* find(std::string_view name) const {
    auto at = place(name);
    return at != end() && (*at)->name == name ? at->get() : nullptr;
  }
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  bool has(const XdsResource& resource) const {
    const XdsResource* sent = find(resource.name);
    return sent != nullptr && sent->version == resource.version;
  }

  void put(XdsResourcePtr resource) {
    auto at = resources_.begin() + (place(resource->name) - begin());
    if (at != resources_.end() && (*at)->name == resource->name)
      *at = std::move(resource);
    else
      resources_.insert(at, std::move(resource));
  }
  /// The client says that it has this.
  void put_word(std::string name, std::string version) {
    put(std::make_shared<const XdsResource>(XdsResource{std::move(name), std::move(version), nullptr}));
  }
  /// These and no others. REQUIRES: the order of their names, each once.
  void assign(std::vector<XdsResourcePtr> resources) {
    resources_ = std::move(resources);
    resources_.shrink_to_fit();
  }

  void erase(std::string_view name) {
    auto at = place(name);
    if (at != end() && (*at)->name == name) resources_.erase(at);
  }
  /// `gone` is asked of each name; gives how many went.
  template <class Gone>
  std::size_t erase_if(Gone gone) {
    return std::erase_if(resources_, [&](const XdsResourcePtr& resource) { return gone(resource->name); });
  }

 private:
  const_iterator place(std::string_view name) const {
    return std::ranges::lower_bound(resources_, name, {}, [](const XdsResourcePtr& resource) -> std::string_view {
      return resource->name;
    });
  }

  std::vector<XdsResourcePtr> resources_;
};

}  // namespace kumasim::cp
