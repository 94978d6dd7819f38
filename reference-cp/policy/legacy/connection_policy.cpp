/// Choice between connection policies.
#include "reference-cp/policy/legacy/connection_policy.hpp"

#include <algorithm>
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
  std::set<std::string> services;
  for (const Outbound& outbound : proxy.outbounds)
    if (outbound.legacy()) services.insert(outbound.service());
  return policies_to(type, services, proxy, mesh);
}

std::map<std::string, ResourcePtr> policies_to(std::string_view type, const std::set<std::string>& services,
                                               const ProxyView& proxy, const MeshView& mesh) {
  std::map<std::string, Candidate> best;
  for (const std::string& service : services) best.try_emplace(service);
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

std::vector<ResourcePtr> inbound_policies(std::string_view type, const Tags& inbound, const MeshView& mesh) {
  std::vector<Candidate> found;
  for (auto [name, policy] : mesh.all(type)) {
    const auto& sources = list_at(policy->spec, "sources");
    Rank first = sources.empty() ? Rank{} : legacy::rank(selector_of(sources.front()));
    for (const auto& destination : list_at(policy->spec, "destinations"))
      if (matches(selector_of(destination), inbound)) found.push_back({policy, first});
  }
  std::ranges::stable_sort(found, [](const Candidate& a, const Candidate& b) {
    int order = compare(a.rank, b.rank);
    return order > 0 || (order == 0 && a.policy->meta.creation > b.policy->meta.creation);
  });
  std::vector<ResourcePtr> policies;
  for (Candidate& candidate : found) policies.push_back(std::move(candidate.policy));
  return policies;
}

ResourcePtr proxy_policy(std::string_view type, const ProxyView& proxy, const MeshView& mesh) {
  Candidate best;
  for (auto [name, policy] : mesh.all(type)) {
    auto offer = [&](const Tags& selector) {
      Rank rank = legacy::rank(selector);
      if (!best.policy || is_better(policy, rank, best)) best = {policy, rank};
    };
    const auto& selectors = list_at(policy->spec, "selectors");
    if (selectors.empty()) offer({});
    for (const auto& each : selectors) {
      Tags selector = selector_of(each);
      if (selector.empty() || is_source(selector, proxy)) offer(selector);
    }
  }
  return best.policy;
}

}  // namespace kumasim::cp::policy::legacy
