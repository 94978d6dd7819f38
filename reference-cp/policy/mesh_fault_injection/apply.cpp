/// Which inbounds get faults.
#include "reference-cp/policy/mesh_fault_injection/apply.hpp"

#include "reference-cp/policy/gateway_targets.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_fault_injection/faults.hpp"
#include "reference-cp/policy/targets.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/protocol.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::mesh_fault_injection {

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies) {
  if (policies.from.empty()) return;
  auto inbound_listeners = listeners(resources, cp::Origin::inbound);
  for (const Inbound& inbound : proxy.inbounds) {
    if (!is_http_based(inbound.protocol) || legacy::inbound_policy("FaultInjection", inbound.tags, mesh)) continue;
    InboundKey key{inbound.address, inbound.port};
    auto listener = inbound_listeners.find(key);
    auto rules = policies.from.find(key);
    if (listener != inbound_listeners.end() && rules != policies.from.end()) inject(*listener->second, rules->second);
  }
  for (const GatewayTarget& target : gateway_targets(resources, mesh, policies))
    if (target.to && target.protocol == "http") inject(*target.listener, *target.to);
}

}  // namespace kumasim::cp::policy::mesh_fault_injection
