/// A targetRef read from canonical JSON, and the order between two.
#include "reference-cp/policy/target_ref.hpp"

#include <array>

namespace kumasim::cp::policy {
namespace {

struct Named {
  RefKind kind;
  std::string_view name;
};
constexpr std::array<Named, 9> names = {{
    {RefKind::mesh, "Mesh"},
    {RefKind::dataplane, "Dataplane"},
    {RefKind::mesh_subset, "MeshSubset"},
    {RefKind::mesh_gateway, "MeshGateway"},
    {RefKind::mesh_service, "MeshService"},
    {RefKind::mesh_external_service, "MeshExternalService"},
    {RefKind::mesh_multi_zone_service, "MeshMultiZoneService"},
    {RefKind::mesh_service_subset, "MeshServiceSubset"},
    {RefKind::mesh_http_route, "MeshHTTPRoute"},
}};

std::string text(const nlohmann::json& json, const char* key) {
  auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<Tags> text_map(const nlohmann::json& json, const char* key) {
  auto found = json.find(key);
  if (found == json.end() || !found->is_object()) return std::nullopt;
  Tags tags;
  for (const auto& [name, value] : found->items())
    if (value.is_string()) tags[name] = value.get<std::string>();
  return tags;
}

}  // namespace

RefKind ref_kind(std::string_view text) {
  for (const Named& each : names)
    if (each.name == text) return each.kind;
  return RefKind::unknown;
}

std::string_view to_string(RefKind kind) {
  for (const Named& each : names)
    if (each.kind == kind) return each.name;
  return "";
}

bool is_real_resource(RefKind kind) { return kind != RefKind::mesh_subset && kind != RefKind::mesh_service_subset; }

bool is_tag_kind(RefKind kind) {
  switch (kind) {
    case RefKind::mesh:
    case RefKind::mesh_subset:
    case RefKind::mesh_service:
    case RefKind::mesh_service_subset:
    case RefKind::mesh_gateway:
    case RefKind::mesh_http_route: return true;
    default: return false;
  }
}

TargetRef TargetRef::from_json(const nlohmann::json& json) {
  TargetRef ref;
  if (!json.is_object()) return ref;
  ref.kind = ref_kind(text(json, "kind"));
  ref.name = text(json, "name");
  ref.ns = text(json, "namespace");
  ref.section = text(json, "sectionName");
  ref.mesh = text(json, "mesh");
  ref.tags = text_map(json, "tags").value_or(Tags{});
  ref.labels = text_map(json, "labels");
  if (auto types = json.find("proxyTypes"); types != json.end() && types->is_array() && !types->empty()) {
    ref.sidecar = ref.gateway = false;
    for (const auto& type : *types) {
      if (type == "Sidecar") ref.sidecar = true;
      if (type == "Gateway") ref.gateway = true;
    }
  }
  return ref;
}

int compare_dataplane_refs(const TargetRef& a, const TargetRef& b) {
  if (a.kind != RefKind::dataplane || b.kind != RefKind::dataplane) return 0;
  if (!a.name.empty() && b.labels) return 1;
  if (a.labels && !b.name.empty()) return -1;
  return int(!a.section.empty()) - int(!b.section.empty());
}

}  // namespace kumasim::cp::policy
