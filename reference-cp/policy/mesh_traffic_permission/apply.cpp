/// How permissions become RBAC filters.
#include "reference-cp/policy/mesh_traffic_permission/apply.hpp"

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/rbac/v3/rbac.pb.h>
#include <xds/type/matcher/v3/matcher.pb.h>

#include "reference-cp/policy/legacy/traffic_permission.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_traffic_permission/matchers.hpp"
#include "reference-cp/policy/mesh_traffic_permission/spec.hpp"
#include "reference-cp/policy/planted_bugs.hpp"
#include "reference-cp/policy/rbac.hpp"
#include "reference-cp/policy/targets.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::mesh_traffic_permission {
namespace {

using ::envoy::config::rbac::v3::Principal;
using ::envoy::config::rbac::v3::RBAC;

constexpr const char* policy_name = "MeshTrafficPermission";

Principal principal(const Subset& subset, const std::string& mesh) {
  std::vector<Principal> tags;
  for (const Tag& tag : subset) {
    Principal one = authenticated(tag_uri(mesh, tag.key, tag.value));
    if (!tag.negated) {
      tags.push_back(std::move(one));
    } else {
      *tags.emplace_back().mutable_not_id() = std::move(one);
    }
  }
  return all_of(tags);
}

/// Clients by action, in the order of the rules.
struct Clients {
  std::vector<Principal> allowed, shadow_denied;
};

Clients clients(const std::vector<Rule>& rules, const std::string& mesh) {
  Clients clients;
  for (const Rule& rule : rules) {
    Action action = action_from_json(rule.conf);
    if (action == Action::allow) clients.allowed.push_back(principal(rule.subset, mesh));
    if (action == Action::allow_with_shadow_deny) clients.shadow_denied.push_back(principal(rule.subset, mesh));
  }
  clients.allowed.insert(clients.allowed.end(), clients.shadow_denied.begin(), clients.shadow_denied.end());
  return clients;
}

/// By the rules' actions: who is let in, and who would not be.
struct Verdicts {
  RBAC enforced, shadow;
  bool shadowed = false;
  Access access() const { return {.rules = &enforced, .shadow_rules = shadowed ? &shadow : nullptr}; }
};

Verdicts verdicts(const std::vector<Rule>& rules, const std::string& mesh) {
  Clients by_action = clients(rules, mesh);
  Verdicts result;
  result.enforced.set_action(RBAC::ALLOW);
  permit(result.enforced, policy_name, by_action.allowed);
  result.shadow.set_action(RBAC::DENY);
  permit(result.shadow, policy_name, by_action.shadow_denied);
  result.shadowed = !by_action.shadow_denied.empty();
  return result;
}

void for_tls_chains(Listener& listener, const Access& access) {
  for (auto& chain : *listener.mutable_filter_chains()) {
    if (!is_tls(chain)) continue;
    remove_network_rbac(chain);
    add_rbac(chain, listener.name(), access);
  }
}

void apply_from(Listener& listener, const std::vector<Rule>& rules, const std::string& mesh) {
  Verdicts found = verdicts(rules, mesh);
  for_tls_chains(listener, found.access());
}

void apply_rules(Listener& listener, const std::vector<InboundRule>& rules) {
  auto enforced = matcher(rules);
  auto shadow = shadow_matcher(rules);
  for_tls_chains(listener, {.matcher = &enforced, .shadow_matcher = shadow ? &*shadow : nullptr});
}

}  // namespace

void permit_clients(::envoy::config::listener::v3::FilterChain& chain, const std::string& listener,
                    const std::vector<Rule>& rules, const std::string& mesh) {
  Verdicts found = verdicts(rules, mesh);
  remove_network_rbac(chain);
  add_rbac(chain, listener, found.access());
}

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies,
           const PlantedBugs& bugs) {
  if (proxy.gateway_type == "BUILTIN" || (!mesh.mtls_enabled() && !proxy.workload())) return;
  for (auto& [key, listener] : listeners(resources, cp::Origin::inbound)) {
    auto from = policies.from.find(key);
    auto rules = policies.rules.find(key);
    if (bugs.permissions != nullptr) {
      bugs.permissions(*listener);
      continue;
    }
    if (rules != policies.rules.end() && !rules->second.empty()) {
      apply_rules(*listener, rules->second);
    } else if (from != policies.from.end()) {
      apply_from(*listener, from->second, mesh.name());
    } else if (!legacy::traffic_permission::is_used(proxy, mesh)) {
      apply_from(*listener, {}, mesh.name());
    }
  }
}

}  // namespace kumasim::cp::policy::mesh_traffic_permission
