/// Which of a mesh's virtual outbounds a transparent proxy is given: all, or what its Dataplane says that it needs.
#pragma once

#include <vector>

#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

/// Honours reachableServices, reachableBackends, own outbounds to Mesh*Services (the only ones then) and the mode
/// ReachableBackends of the mesh; leaves out what overlaps an inbound.
std::vector<Outbound> reachable(const MeshView& mesh, const Resource& dataplane, const std::vector<Inbound>& inbounds,
                                std::vector<Outbound> outbounds);

}  // namespace kumasim::cp
