/// The answers of inspections, each a function of a mesh and what is asked of it.
#pragma once

#include <functional>
#include <string>

#include "reference-cp/rest/inspect/subject.hpp"

namespace kumasim::cp::inspect {

/// `/_rules` of a Dataplane or a MeshGateway (`subject`), which stands for this proxy.
nlohmann::json rules(const Resource& subject, const ProxyView& proxy, const MeshView& mesh);

/// `/_policies`: what speaks of the proxy as a whole.
nlohmann::json proxy_policies(const ProxyView& proxy, const MeshView& mesh);
/// `/_inbounds/KRI/_policies`. Code::internal where the proxy has no such inbound.
Result<nlohmann::json> inbound_policies(const ProxyView& proxy, const MeshView& mesh, const Kri& inbound);
/// `/_outbounds/KRI/_policies`
nlohmann::json outbound_policies(const ProxyView& proxy, const MeshView& mesh, const Kri& outbound);
/// `/_outbounds/KRI/_routes`
nlohmann::json outbound_routes(const ProxyView& proxy, const MeshView& mesh, const Kri& outbound);
/// `/_outbounds/KRI/_routes/KRI/_policies`
nlohmann::json route_policies(const ProxyView& proxy, const MeshView& mesh, const Kri& outbound, const Kri& route);

/// `/_layout`: inbounds and reachable destinations, each with the name that it has in the proxy.
nlohmann::json layout(const Resource& dataplane, const MeshView& mesh);

/// Which Dataplanes a policy (of any kind, or a MeshService) is about; of a connection, at either end of it.
std::function<bool(const Resource& dataplane)> concern_of(ResourcePtr policy, MeshView::Ptr mesh);

/// `/_hostnames` of a Mesh*Service: what HostnameGenerators make of it.
nlohmann::json hostnames(const Resource& service, const MeshView& mesh);

/// The older `/dataplanes/NAME/policies`, `/dataplanes/NAME/rules` and `/POLICIES/NAME/dataplanes`.
nlohmann::json attached_policies(const ProxyView& proxy, const MeshView& mesh);
nlohmann::json attached_rules(const ProxyView& proxy, const MeshView& mesh);
nlohmann::json attached_dataplanes(const Resource& policy, const MeshView& mesh);
/// `/meshgateways/NAME/dataplanes`, and `/meshgatewayroutes/NAME/dataplanes`: the builtin gateways' proxies with it.
nlohmann::json gateway_dataplanes(const Resource& gateway, const MeshView& mesh);

}  // namespace kumasim::cp::inspect
