/// What the control plane adds to MeshExternalServices and MeshMultiZoneServices.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::derive {

/// Gives a free virtual address for a destination of this kind, "" where none is left.
using NextAddress = std::function<std::string(std::string_view kind)>;

/// Those whose status is to be written: an address, host names, and the MeshServices that a MeshMultiZoneService
/// selects. Writing them and calling again gives none.
std::vector<Resource> destinations(const MeshView& mesh, const NextAddress& next);

}  // namespace kumasim::cp::derive
