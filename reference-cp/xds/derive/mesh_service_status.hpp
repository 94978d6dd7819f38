/// What the control plane adds to MeshServices: identities, state, TLS readiness, addresses, host names.
#pragma once

#include <functional>
#include <vector>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/derive/hostnames.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::derive {

/// Completes all MeshServices of the mesh. Those of other zones get host names and addresses only.
void complete(const MeshView& mesh, std::vector<Resource>& services, const std::function<std::string()>& next_vip);

}  // namespace kumasim::cp::derive
