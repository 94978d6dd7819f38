/// The older inspections of a builtin gateway: which policies are bound to the destinations of its MeshGatewayRoutes.
#pragma once

#include <string>

#include "reference-cp/rest/inspect/subject.hpp"

namespace kumasim::cp::inspect {

/// `/dataplanes/NAME/policies` of a builtin gateway's proxy.
nlohmann::json gateway_policies(const ProxyView& proxy, const MeshView& mesh);

/// Entries of `/POLICIES/NAME/dataplanes` for a builtin gateway's proxy: its routes that the policy is bound to; the
/// proxy as a whole for a TrafficLog or TrafficTrace.
nlohmann::json gateway_attachments(const Resource& policy, const ProxyView& proxy, const MeshView& mesh);

/// Whether some host of the proxy has an entry of this MeshGatewayRoute.
bool has_route(const Resource& route, const ProxyView& proxy, const MeshView& mesh);

}  // namespace kumasim::cp::inspect
