/// A mesh resource as every part of the control plane sees it: its kind, its metadata and its specification as JSON.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/time.hpp"

namespace kumasim::cp {

class Kind;

/// Names a resource among those of its kind. Global kinds have an empty mesh.
struct ResourceKey {
  std::string mesh;
  std::string name;
  auto operator<=>(const ResourceKey&) const = default;
};

/// `version` counts the writes of this resource, from 1; 0 means that it was never stored.
struct Meta {
  std::string mesh;
  std::string name;
  std::map<std::string, std::string> labels;
  std::uint64_t version = 0;
  WallTime creation{};
  WallTime modification{};

  /// REQUIRES: nothing. The value of a label, or "" where it is not set.
  std::string label(const std::string& key) const {
    auto found = labels.find(key);
    return found == labels.end() ? std::string() : found->second;
  }
};

/// `spec` holds valid JSON in Kuma's own field names, canonical for its kind (see codec.hpp); `kind` is never null.
struct Resource {
  const Kind* kind = nullptr;
  Meta meta;
  nlohmann::json spec = nlohmann::json::object();
  nlohmann::json status;  // null where the kind has no status or none was set

  ResourceKey key() const { return {meta.mesh, meta.name}; }
};

using ResourcePtr = std::shared_ptr<const Resource>;

}  // namespace kumasim::cp
