/// How TrafficPermission becomes a network RBAC filter.
#include "reference-cp/policy/legacy/traffic_permission.hpp"

#include <algorithm>

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/rbac/v3/rbac.pb.h>

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/policy/rbac.hpp"
#include "reference-cp/policy/targets.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::legacy::traffic_permission {
namespace {

using ::envoy::config::rbac::v3::Principal;
using ::envoy::config::rbac::v3::RBAC;

/// All tags of a source with a value; the service last, as Kuma writes it.
Principal principal(const Tags& selector, const std::string& mesh) {
  std::vector<Principal> tags;
  for (const auto& [key, value] : selector)
    if (key != "kuma.io/service" && value != "*") tags.push_back(authenticated(tag_uri(mesh, key, value)));
  if (auto service = selector.find("kuma.io/service"); service != selector.end() && service->second != "*")
    tags.push_back(authenticated(tag_uri(mesh, service->first, service->second)));
  return all_of(tags);
}

}  // namespace

RBAC rules_of(const Resource& permission, const std::string& mesh) {
  RBAC rules;
  rules.set_action(RBAC::ALLOW);
  std::vector<Principal> principals;
  for (const auto& source : list_at(permission.spec, "sources"))
    principals.push_back(principal(selector_of(source), mesh));
  permit(rules, permission.meta.name, principals);
  return rules;
}

bool is_used(const ProxyView& proxy, const MeshView& mesh) {
  return std::ranges::any_of(proxy.inbounds, [&](const Inbound& inbound) {
    return inbound_policy("TrafficPermission", inbound.tags, mesh) != nullptr;
  });
}

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh) {
  if ((!mesh.mtls_enabled() && !proxy.workload()) || proxy.gateway_type == "BUILTIN") return;
  auto inbound_listeners = listeners(resources, cp::Origin::inbound);
  for (const Inbound& inbound : proxy.inbounds) {
    auto listener = inbound_listeners.find({inbound.address, inbound.port});
    if (listener == inbound_listeners.end()) continue;
    RBAC rules;
    rules.set_action(RBAC::ALLOW);
    if (ResourcePtr permission = inbound_policy("TrafficPermission", inbound.tags, mesh))
      rules = rules_of(*permission, mesh.name());
    for (auto& chain : *listener->second->mutable_filter_chains())
      if (is_tls(chain)) add_network_rbac(chain, listener->second->name(), {.rules = &rules});
  }
}

}  // namespace kumasim::cp::policy::legacy::traffic_permission
