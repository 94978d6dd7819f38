/// The header by which a proxy tells its tags to the callee, for policies that choose clients by tags.
#pragma once

#include "reference-cp/xds/envoy/http.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::envoy {

/// Some policy of the mesh reads the header: RateLimit, FaultInjection, MeshFaultInjection.
bool tags_header_used(const MeshView& mesh);
/// Added to every request of the configuration: `&kuma.io/service=web&&version=1,2&`.
void add_tags_header(const Resource& dataplane, RouteConfiguration& configuration);

}  // namespace kumasim::cp::envoy
