#include "reference-cp/xds/zone/egress_policies.hpp"

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/rbac/v3/rbac.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/policy/legacy/traffic_permission.hpp"
#include "reference-cp/policy/mesh_circuit_breaker/apply.hpp"
#include "reference-cp/policy/mesh_fault_injection/faults.hpp"
#include "reference-cp/policy/mesh_health_check/apply.hpp"
#include "reference-cp/policy/mesh_load_balancing_strategy/apply.hpp"
#include "reference-cp/policy/mesh_rate_limit/limit.hpp"
#include "reference-cp/policy/mesh_rate_limit/spec.hpp"
#include "reference-cp/policy/mesh_traffic_permission/apply.hpp"
#include "reference-cp/policy/precedence.hpp"
#include "reference-cp/policy/rbac.hpp"
#include "reference-cp/policy/rules.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/protocol.hpp"
#include "reference-cp/xds/zone/passages.hpp"

namespace kumasim::cp::zone {
namespace {

using policy::PolicyPtr;
using policy::RefKind;

/// All policies of a kind that are in effect, by precedence.
std::vector<PolicyPtr> policies_of(const MeshView& mesh, std::string_view type) {
  std::vector<PolicyPtr> result;
  for (const auto& [name, resource] : mesh.all(type))
    if (!policy::is_shadow(resource->meta)) result.push_back(policy::decode_policy(resource));
  policy::sort_policies(result);
  return result;
}

/// The policy is for the service with these tags, which has no proxy of its own.
bool selects(const policy::TargetRef& ref, const Tags& tags) {
  Tags wanted = ref.tags;
  switch (ref.kind) {
    case RefKind::mesh: return true;
    case RefKind::mesh_subset: return policy::legacy::matches(wanted, tags);
    case RefKind::mesh_service: return policy::legacy::matches({{"kuma.io/service", ref.name}}, tags);
    case RefKind::mesh_service_subset:
      wanted["kuma.io/service"] = ref.name;
      return policy::legacy::matches(wanted, tags);
    default: return false;
  }
}

/// By client, of the policies of a kind that are for the service. As Kuma has it, only its name counts, no other tag.
std::vector<policy::Rule> rules_for(const MeshView& mesh, std::string_view type, const Tags& tags) {
  Tags named;
  if (auto service = tags.find("kuma.io/service"); service != tags.end()) named.insert(*service);
  std::vector<PolicyPtr> all = policies_of(mesh, type);
  std::erase_if(all, [&](const PolicyPtr& each) { return !selects(each->target_ref, named); });
  return policy::from_rules(all);
}

/// What works on listeners, on one chain.
template <class Change>
void change_chain(envoy::FilterChain& chain, const Change& change) {
  envoy::Listener alone;
  alone.add_filter_chains()->Swap(&chain);
  change(alone);
  alone.mutable_filter_chains(0)->Swap(&chain);
}

}  // namespace

void apply_to_external(const MeshView& mesh, const Tags& tags, const std::string& protocol, envoy::FilterChain& chain) {
  std::vector<policy::Rule> faults = rules_for(mesh, "MeshFaultInjection", tags);
  if (is_http_based(protocol) && !faults.empty())
    change_chain(chain, [&](auto& alone) { policy::mesh_fault_injection::inject(alone, faults); });
  std::vector<policy::Rule> limits = rules_for(mesh, "MeshRateLimit", tags);
  if (const policy::Rule* rule = policy::find_rule(limits, {}))
    change_chain(chain, [&](auto& alone) {
      policy::mesh_rate_limit::limit(alone, policy::mesh_rate_limit::Conf::from_json(rule->conf));
    });
}

void permit_external(const MeshView& mesh, const std::vector<Tags>& outside, const std::string& listener,
                     envoy::FilterChain& chain) {
  const Tags& tags = outside.front();
  ResourcePtr permission;
  for (const Tags& each : outside)
    if (ResourcePtr own = policy::legacy::inbound_policy("TrafficPermission", each, mesh)) permission = std::move(own);
  if (permission) {
    ::envoy::config::rbac::v3::RBAC rules = policy::legacy::traffic_permission::rules_of(*permission, mesh.name());
    auto service = tags.find("kuma.io/service");
    policy::add_network_rbac(chain, service == tags.end() ? std::string() : service->second, {.rules = &rules});
  }
  if (permission && policies_of(mesh, "MeshTrafficPermission").empty()) return;
  std::vector<policy::Rule> rules = rules_for(mesh, "MeshTrafficPermission", tags);
  policy::mesh_traffic_permission::permit_clients(chain, listener, rules, mesh.name());
}

void forbid(const std::string& name, envoy::FilterChain& chain) {
  ::envoy::config::rbac::v3::RBAC nobody;
  policy::add_network_rbac(chain, name, {.rules = &nobody});
}

void permit_mesh_external(const MeshView& mesh, const std::string& listener, envoy::FilterChain& chain) {
  bool forbidden = flag_at(mesh.mesh()->spec, "routing", "defaultForbidMeshExternalServiceAccess");
  policy::Rule everyone;
  everyone.conf = {{"action", forbidden ? "Deny" : "Allow"}};
  policy::mesh_traffic_permission::permit_clients(chain, listener, {everyone}, mesh.name());
}

void apply_localities(const MeshView& mesh, const RemoteEndpoints& services, ResourceSet& resources) {
  std::vector<PolicyPtr> all = policies_of(mesh, "MeshLoadBalancingStrategy");
  if (all.empty()) return;
  for (const auto& [service, endpoints] : services) {
    const Tags tags = {{"kuma.io/service", service}};
    auto is_for = [&](const policy::TargetRef& destination) { return selects(destination, tags); };
    std::vector<policy::Rule> rules = policy::client_rules(all, is_for);
    if (const policy::Rule* rule = policy::find_rule(rules, {}))
      policy::mesh_load_balancing_strategy::apply_to_egress_endpoints(
          resources, mesh_cluster_name(mesh.name(), service), rule->conf, mesh.settings().zone);
  }
}

void apply_to_mesh_external(const MeshView& mesh, ResourceSet& resources, envoy::Listener& listener,
                            std::size_t times) {
  auto rules = [&](const char* type) { return policy::resource_rules(policies_of(mesh, type), mesh); };
  policy::mesh_load_balancing_strategy::apply_to_egress(resources, listener, rules("MeshLoadBalancingStrategy"));
  policy::mesh_health_check::apply_to_egress(resources, rules("MeshHealthCheck"), times);
  policy::mesh_circuit_breaker::apply_to_egress(resources, rules("MeshCircuitBreaker"));
}

}  // namespace kumasim::cp::zone
