/// What a zone offers to other zones.
#pragma once

#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::derive {

/// `availableServices` of the zone's own ZoneIngresses: tags with the number of ready inbounds that have them, by mesh.
/// A mesh of MeshServices only offers nothing this way; one with zone egress also the ExternalServices of this zone.
nlohmann::json available_services(const std::map<std::string, MeshView::Ptr>& meshes);

}  // namespace kumasim::cp::derive
