/// Search among a mesh's backends.
#include "reference-cp/policy/legacy/mesh_backend.hpp"

#include "reference-cp/model/resource.hpp"

namespace kumasim::cp::policy::legacy {

const nlohmann::json& mesh_backend(const MeshView& mesh, const char* section, const Resource& policy) {
  static const nlohmann::json none;
  if (!mesh.mesh()) return none;
  const nlohmann::json& conf = at(mesh.mesh()->spec, section);
  std::string name = text_at(policy.spec, "conf", "backend");
  if (name.empty()) name = text_at(conf, "defaultBackend");
  const nlohmann::json* found = &none;
  for (const auto& backend : list_at(conf, "backends"))
    if (text_at(backend, "name") == name) found = &backend;  // the last of a name counts
  return *found;
}

}  // namespace kumasim::cp::policy::legacy
