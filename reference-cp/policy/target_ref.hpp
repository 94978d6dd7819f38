/// A targetRef: what a policy, or an entry of it, is about (Kuma docs, "Policies: referencing resources").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "reference-cp/xds/endpoint.hpp"

namespace kumasim::cp::policy {

/// In rising order of specificity: where two policies set one field, the kind further down wins.
enum class RefKind : std::uint8_t {
  unknown,
  mesh,
  dataplane,
  mesh_subset,
  mesh_gateway,
  mesh_service,
  mesh_external_service,
  mesh_multi_zone_service,
  mesh_service_subset,
  mesh_http_route,
};

RefKind ref_kind(std::string_view text);
/// The kind as Kuma writes it ("MeshService"); also the type name of the resource that is meant.
std::string_view to_string(RefKind kind);
/// False for the kinds that stand for a set of tags only.
bool is_real_resource(RefKind kind);
/// The kinds of `to` and `from` entries that rules by tags are built from.
bool is_tag_kind(RefKind kind);

struct TargetRef {
  RefKind kind = RefKind::mesh;
  std::string name, ns, section, mesh;
  Tags tags;
  std::optional<Tags> labels;  ///< absent and empty differ
  bool sidecar = true;         ///< proxyTypes
  bool gateway = true;

  /// `{kind: ..., ...}`; an absent or null value means the whole mesh.
  static TargetRef from_json(const nlohmann::json& json);
  bool operator==(const TargetRef&) const = default;
};

/// Negative, zero or positive: between two Dataplane refs, one by name is more specific than one by labels, and one
/// with a sectionName than one without. Zero where either is of another kind.
int compare_dataplane_refs(const TargetRef& a, const TargetRef& b);

}  // namespace kumasim::cp::policy
