/// Where a route sends traffic: a reference, and what it means in a mesh.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "reference-cp/policy/target_ref.hpp"
#include "reference-cp/xds/kri.hpp"

namespace kumasim::cp {
class MeshView;

namespace policy {

struct BackendRef {
  TargetRef ref;
  std::optional<std::uint32_t> weight;  ///< absent: 1
  std::optional<std::uint32_t> port;

  static BackendRef from_json(const nlohmann::json& json);
  /// A Mesh*Service resource, not a kuma.io/service with tags.
  bool is_real() const;
  /// Equal for references to one destination, whatever their weights.
  std::string key() const;
};

/// `resource` is empty for a legacy reference; otherwise its section is the port by name or number.
struct ResolvedRef {
  BackendRef backend;
  Kri resource;
  std::uint32_t weight = 1;
  bool is_real() const { return !resource.empty(); }
};

/// nullopt where a real reference by labels finds nothing. `origin` is the route that refers.
std::optional<ResolvedRef> resolve(const BackendRef& backend, const Kri& origin, const MeshView& mesh);

}  // namespace policy
}  // namespace kumasim::cp
