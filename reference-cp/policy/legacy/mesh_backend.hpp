/// Backends of a mesh's `logging` and `tracing`, as the legacy policies name them.
#pragma once

#include <string>

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::policy::legacy {

/// The backend that a policy's conf names, or the section's default where it names none; null where the mesh has none
/// of that name.
const nlohmann::json& mesh_backend(const MeshView& mesh, const char* section, const Resource& policy);

}  // namespace kumasim::cp::policy::legacy
