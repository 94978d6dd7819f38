/// Which of a mesh's virtual outbounds a transparent proxy is given: all, or what its Dataplane says that it needs.
#pragma once

#include <string>
#include <vector>

#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

/// Of two addresses on which somebody listens; the unspecified one overlaps every other.
bool addresses_overlap(const std::string& a, const std::string& b);

/// Honours reachableServices, reachableBackends, own outbounds to Mesh*Services (the only ones then) and the mode
/// ReachableBackends of the mesh; leaves out what overlaps an inbound.
std::vector<Outbound> reachable(const MeshView& mesh, const Resource& dataplane, const std::vector<Inbound>& inbounds,
                                std::vector<Outbound> outbounds);

}  // namespace kumasim::cp
