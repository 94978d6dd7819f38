/// The list of policies in their order.
#include "reference-cp/policy/all.hpp"

#include <functional>
#include <string_view>

#include "reference-cp/policy/legacy/traffic_permission.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_access_log/apply.hpp"
#include "reference-cp/policy/mesh_circuit_breaker/apply.hpp"
#include "reference-cp/policy/mesh_fault_injection/apply.hpp"
#include "reference-cp/policy/mesh_health_check/apply.hpp"
#include "reference-cp/policy/mesh_http_route/apply.hpp"
#include "reference-cp/policy/mesh_load_balancing_strategy/apply.hpp"
#include "reference-cp/policy/mesh_metric/apply.hpp"
#include "reference-cp/policy/mesh_passthrough/apply.hpp"
#include "reference-cp/policy/mesh_proxy_patch/apply.hpp"
#include "reference-cp/policy/mesh_rate_limit/apply.hpp"
#include "reference-cp/policy/mesh_retry/apply.hpp"
#include "reference-cp/policy/mesh_tcp_route/apply.hpp"
#include "reference-cp/policy/mesh_timeout/apply.hpp"
#include "reference-cp/policy/mesh_tls/apply.hpp"
#include "reference-cp/policy/mesh_trace/apply.hpp"
#include "reference-cp/policy/mesh_traffic_permission/apply.hpp"
#include "reference-cp/xds/generate_options.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp::policy {
namespace {

using Matched = std::function<MatchedPolicies(std::string_view kind)>;

constexpr std::string_view outgoing_kinds[] = {"MeshHTTPRoute",      "MeshTCPRoute", "MeshLoadBalancingStrategy",
                                               "MeshTrace",          "MeshTimeout",  "MeshHealthCheck",
                                               "MeshCircuitBreaker", "MeshRetry"};

Result<> apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const Matched& matched,
               const GenerateOptions& options) {
  // Routes first: they make the outbounds that the others work on.
  MatchedPolicies http_routes = matched("MeshHTTPRoute");
  mesh_http_route::apply(resources, proxy, mesh, http_routes);
  mesh_tcp_route::apply(resources, proxy, mesh, matched("MeshTCPRoute"), http_routes);
  // Before all that changes filters of inbounds, as it makes their chains anew.
  mesh_tls::apply(resources, proxy, mesh, matched("MeshTLS"));
  mesh_load_balancing_strategy::apply(resources, proxy, mesh, matched("MeshLoadBalancingStrategy"));
  // Before access logs: they are for its filter chains, too.
  mesh_passthrough::apply(resources, proxy, mesh, matched("MeshPassthrough"));
  // The legacy permission belongs to the inbounds; what comes after may take its filter out again.
  legacy::traffic_permission::apply(resources, proxy, mesh);
  mesh_access_log::apply(resources, proxy, mesh, matched("MeshAccessLog"));
  mesh_trace::apply(resources, proxy, mesh, matched("MeshTrace"));
  mesh_fault_injection::apply(resources, proxy, mesh, matched("MeshFaultInjection"));
  mesh_rate_limit::apply(resources, proxy, mesh, matched("MeshRateLimit"));
  mesh_timeout::apply(resources, proxy, mesh, matched("MeshTimeout"));
  // After everything that adds HTTP filters to inbounds: the RBAC filter is to be the first of them.
  mesh_traffic_permission::apply(resources, proxy, mesh, matched("MeshTrafficPermission"), options.planted);
  mesh_health_check::apply(resources, proxy, mesh, matched("MeshHealthCheck"));
  // After health checks: it has the last word on the panic threshold.
  mesh_circuit_breaker::apply(resources, proxy, mesh, matched("MeshCircuitBreaker"));
  mesh_retry::apply(resources, proxy, mesh, matched("MeshRetry"));
  mesh_metric::apply(resources, proxy, mesh, matched("MeshMetric"));
  // Last: it changes what all others have made.
  return mesh_proxy_patch::apply(resources, matched("MeshProxyPatch"));
}

}  // namespace

std::span<const std::string_view> applied_kinds() {
  static constexpr std::string_view kinds[] = {"MeshHTTPRoute",
                                            "MeshTCPRoute",
                                            "MeshTLS",
                                            "MeshLoadBalancingStrategy",
                                            "MeshPassthrough",
                                            "MeshAccessLog",
                                            "MeshTrace",
                                            "MeshFaultInjection",
                                            "MeshRateLimit",
                                            "MeshTimeout",
                                            "MeshTrafficPermission",
                                            "MeshHealthCheck",
                                            "MeshCircuitBreaker",
                                            "MeshRetry",
                                            "MeshMetric",
                                            "MeshProxyPatch"};
  return kinds;
}

Result<> apply_all(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh,
                   const GenerateOptions& options) {
  auto matched = [&](std::string_view kind) {
    return match_policies(kind, proxy, mesh, {.include_shadow = options.include_shadow});
  };
  return apply(resources, proxy, mesh, matched, options);
}

SelectedByKind select_all(const ProxyView& proxy, const MeshView& mesh, const MatchOptions& options) {
  SelectedByKind selected;
  for (std::string_view kind : applied_kinds())
    if (!mesh.all(kind).empty()) selected.emplace(kind, select_policies(kind, proxy, mesh, options));
  return selected;
}

OutgoingPolicies outgoing(const SelectedByKind& selected) {
  OutgoingPolicies policies;
  for (std::string_view kind : outgoing_kinds)
    if (auto found = selected.find(kind); found != selected.end() && !found->second.all.empty())
      policies.emplace(kind, found->second.all);
  return policies;
}

Result<> apply_without_outbounds(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh,
                                 const SelectedByKind& selected, const GenerateOptions& options) {
  auto matched = [&](std::string_view kind) {
    auto found = selected.find(kind);
    return found == selected.end() ? MatchedPolicies{} : match_incoming(found->second);
  };
  return apply(resources, proxy, mesh, matched, options);
}

void apply_to_outbounds(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh,
                        const OutgoingPolicies& policies) {
  auto matched = [&](std::string_view kind) {
    auto found = policies.find(kind);
    return found == policies.end() ? MatchedPolicies{} : match_outgoing(found->second, mesh);
  };
  // Only changes by hand can fail, and there are none among these.
  (void)apply(resources, proxy, mesh, matched, {});
}

}  // namespace kumasim::cp::policy
