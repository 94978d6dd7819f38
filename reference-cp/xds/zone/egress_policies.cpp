#include "reference-cp/xds/zone/egress_policies.hpp"

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/rbac/v3/rbac.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/policy/legacy/traffic_permission.hpp"
#include "reference-cp/policy/mesh_circuit_breaker/apply.hpp"
#include "reference-cp/policy/mesh_traffic_permission/apply.hpp"
#include "reference-cp/policy/precedence.hpp"
#include "reference-cp/policy/rbac.hpp"
#include "reference-cp/policy/rules.hpp"
#include "reference-cp/xds/json_read.hpp"

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

}  // namespace

void permit_external(const MeshView& mesh, const Tags& tags, const std::string& listener, envoy::FilterChain& chain) {
  ResourcePtr permission = policy::legacy::inbound_policy("TrafficPermission", tags, mesh);
  if (permission) {
    ::envoy::config::rbac::v3::RBAC rules = policy::legacy::traffic_permission::rules_of(*permission, mesh.name());
    auto service = tags.find("kuma.io/service");
    policy::add_network_rbac(chain, service == tags.end() ? std::string() : service->second, {.rules = &rules});
  }
  std::vector<PolicyPtr> all = policies_of(mesh, "MeshTrafficPermission");
  if (all.empty() && permission) return;
  std::erase_if(all, [&](const PolicyPtr& each) { return !selects(each->target_ref, tags); });
  policy::mesh_traffic_permission::permit_clients(chain, listener, policy::from_rules(all), mesh.name());
}

void permit_mesh_external(const MeshView& mesh, const std::string& listener, envoy::FilterChain& chain) {
  bool forbidden = flag_at(mesh.mesh()->spec, "routing", "defaultForbidMeshExternalServiceAccess");
  policy::Rule everyone;
  everyone.conf = {{"action", forbidden ? "Deny" : "Allow"}};
  policy::mesh_traffic_permission::permit_clients(chain, listener, {everyone}, mesh.name());
}

void apply_to_clusters(const MeshView& mesh, ResourceSet& resources) {
  auto rules = [&](const char* type) { return policy::resource_rules(policies_of(mesh, type), mesh); };
  policy::mesh_circuit_breaker::apply_to_egress(resources, rules("MeshCircuitBreaker"));
}

}  // namespace kumasim::cp::zone
