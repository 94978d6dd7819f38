/// Choice and evaluation of VirtualOutbounds (Kuma docs, "Virtual Outbound").
#include "reference-cp/xds/derive/virtual_outbounds.hpp"

#include <algorithm>
#include <optional>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/model/rules/virtual_outbound_rules.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::derive {
namespace {

/// More tags first, then more exact ones.
using Rank = std::pair<std::size_t, std::size_t>;

struct Match {
  ResourcePtr policy;
  Rank rank;
};

std::optional<Rank> rank(const Tags& selector, const Tags& tags) {
  std::size_t exact = 0;
  for (const auto& [key, value] : selector) {
    auto found = tags.find(key);
    if (found == tags.end() || (value != "*" && value != found->second)) return std::nullopt;
    if (value != "*") ++exact;
  }
  return Rank{selector.size(), exact};
}

/// The tags that the policy's parameters name.
Tags parameter_tags(const nlohmann::json& conf, const Tags& tags) {
  Tags result;
  for (const auto& parameter : at(conf, "parameters"))
    if (auto found = tags.find(parameter_tag(parameter)); found != tags.end()) result.insert(*found);
  return result;
}

}  // namespace

std::vector<ResourcePtr> matching_virtual_outbounds(const MeshView& mesh, const Tags& tags) {
  std::vector<Match> found;
  for (auto [name, policy] : mesh.all("VirtualOutbound")) {
    Rank best;
    for (const auto& selector : at(policy->spec, "selectors"))
      best = std::max(best, rank(tags_of(at(selector, "match")), tags).value_or(Rank{}));
    if (best != Rank{}) found.push_back({policy, best});
  }
  std::ranges::stable_sort(found, [](const Match& a, const Match& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.policy->meta.creation > b.policy->meta.creation;
  });
  std::vector<ResourcePtr> result;
  for (Match& match : found) result.push_back(std::move(match.policy));
  return result;
}

std::vector<NamedOutbound> named_outbounds(const MeshView& mesh, const Tags& tags) {
  std::vector<NamedOutbound> result;
  if (mesh.all("VirtualOutbound").empty()) return result;
  std::map<std::string, std::string> values(tags.begin(), tags.end());
  for (const ResourcePtr& policy : matching_virtual_outbounds(mesh, tags)) {
    const nlohmann::json& conf = at(policy->spec, "conf");
    auto host = virtual_outbound_host(conf, values);
    auto port = virtual_outbound_port(conf, values);
    if (host && port)
      result.push_back({*host, {*port, parameter_tags(conf, tags), "virtual-outbound:" + policy->meta.name}});
  }
  return result;
}

}  // namespace kumasim::cp::derive
