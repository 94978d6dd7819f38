/// References to backends.
#include "reference-cp/policy/mesh_route/backend_ref.hpp"

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/resolve.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::policy {

BackendRef BackendRef::from_json(const nlohmann::json& json) {
  return {TargetRef::from_json(json), optional_number_at(json, "weight"), optional_number_at(json, "port")};
}

bool BackendRef::is_real() const {
  switch (ref.kind) {
    case RefKind::mesh_service: return !ref.section.empty() || port;
    case RefKind::mesh_external_service:
    case RefKind::mesh_multi_zone_service: return true;
    default: return false;
  }
}

std::string BackendRef::key() const {
  auto joined = [](const Tags& tags) {
    std::string text;
    for (const auto& [name, value] : tags) text += (text.empty() ? "" : "/") + name + "=" + value;
    return text;
  };
  std::string name = port ? ref.name + "_svc_" + std::to_string(*port) : ref.name;
  return std::string(to_string(ref.kind)) + "/" + name + "/" + joined(ref.tags) + "/" +
         joined(ref.labels.value_or(Tags{})) + "/" + ref.mesh;
}

std::optional<ResolvedRef> resolve(const BackendRef& backend, const Kri& origin, const MeshView& mesh) {
  ResolvedRef resolved{backend, {}, backend.weight.value_or(1)};
  if (!backend.is_real()) return resolved;
  const TargetRef& ref = backend.ref;
  bool by_labels = ref.labels && !ref.labels->empty();
  resolved.resource = by_labels ? mesh.destination_by_labels(to_string(ref.kind), *ref.labels) : kri_of(ref, origin);
  if (resolved.resource.empty()) return std::nullopt;
  if (!ref.section.empty()) {
    resolved.resource.section = ref.section;
  } else if (backend.port) {
    resolved.resource.section = std::to_string(*backend.port);
  }
  return resolved;
}

}  // namespace kumasim::cp::policy
