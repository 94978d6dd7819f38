/// Choice between connection policies.
#include "reference-cp/policy/legacy/connection_policy.hpp"

#include <optional>

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::legacy {
namespace {

bool is_source(const Tags& selector, const ProxyView& proxy) {
  if (!proxy.gateway_type.empty() && matches(selector, gateway_tags(proxy))) return true;
  for (const Inbound& inbound : proxy.inbounds)
    if (matches(selector, inbound.tags)) return true;
  return false;
}

/// The rank of the best source selector; nullopt where none matches.
std::optional<Rank> source_rank(const Resource& policy, const ProxyView& proxy) {
  std::optional<Rank> best;
  for (const auto& source : list_at(policy.spec, "sources")) {
    Tags selector = selector_of(source);
    if (!is_source(selector, proxy)) continue;
    Rank rank = legacy::rank(selector);
    if (!best || compare(rank, *best) > 0) best = rank;
  }
  return best;
}

struct Candidate {
  ResourcePtr policy;
  Rank rank;
};

bool is_better(const ResourcePtr& policy, const Rank& rank, const Candidate& than) {
  int order = compare(rank, than.rank);
  return order > 0 || (order == 0 && than.policy && policy->meta.creation > than.policy->meta.creation);
}

}  // namespace

std::map<std::string, ResourcePtr> outbound_policies(std::string_view type, const ProxyView& proxy,
                                                     const MeshView& mesh) {
  std::map<std::string, Candidate> best;
  for (const Outbound& outbound : proxy.outbounds)
    if (outbound.legacy()) best.try_emplace(outbound.service());
  for (auto [name, policy] : mesh.all(type)) {
    std::optional<Rank> source = source_rank(*policy, proxy);
    if (!source) continue;
    for (auto& [service, candidate] : best) {
      for (const auto& destination : list_at(policy->spec, "destinations")) {
        Tags selector = selector_of(destination);
        if (!matches(selector, {{"kuma.io/service", service}})) continue;
        Rank rank = legacy::rank(selector) + *source;
        if (!candidate.policy || is_better(policy, rank, candidate)) candidate = {policy, rank};
      }
    }
  }
  std::map<std::string, ResourcePtr> policies;
  for (auto& [service, candidate] : best)
    if (candidate.policy) policies[service] = candidate.policy;
  return policies;
}

ResourcePtr inbound_policy(std::string_view type, const Tags& inbound, const MeshView& mesh) {
  Candidate best;
  for (auto [name, policy] : mesh.all(type)) {
    for (const auto& destination : list_at(policy->spec, "destinations")) {
      Tags selector = selector_of(destination);
      if (!matches(selector, inbound)) continue;
      Rank rank = legacy::rank(selector);
      if (is_better(policy, rank, best)) best = {policy, rank};
    }
  }
  return best.policy;
}

}  // namespace kumasim::cp::policy::legacy
