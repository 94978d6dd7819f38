/// The header by which a proxy tells its tags to the callee, for policies that choose clients by tags.
#pragma once

#include "reference-cp/xds/envoy/http.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::envoy {

/// Some policy of the mesh reads the header: RateLimit, FaultInjection, MeshFaultInjection.
bool tags_header_used(const MeshView& mesh);
/// The header's value, `&kuma.io/service=web&&version=1,2&`; empty for a Dataplane without tags.
std::string tags_header_value(const Resource& dataplane);
/// Added to every request of the configuration.
void add_tags_header(const Resource& dataplane, RouteConfiguration& configuration);

}  // namespace kumasim::cp::envoy
