/// Origins of merged confs.
#include "reference-cp/policy/origins.hpp"

#include <algorithm>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/policy/match_hash.hpp"

namespace kumasim::cp::policy {

std::vector<RuleOrigin> origins(std::span<const SourcedEntry> entries, bool by_entry) {
  std::vector<RuleOrigin> list;
  for (const SourcedEntry& each : entries) {
    bool seen = std::ranges::any_of(list, [&](const RuleOrigin& origin) {
      return origin.resource->key() == each.policy->resource->key() && (!by_entry || origin.index == each.entry->index);
    });
    if (!seen) list.push_back({each.policy->resource, each.entry->index});
  }
  return list;
}

std::map<std::string, RuleOrigin> origin_by_matches(std::span<const SourcedEntry> entries) {
  std::map<std::string, RuleOrigin> by_matches;
  for (const SourcedEntry& each : entries) {
    if (each.policy->resource->kind->type() != "MeshHTTPRoute") continue;
    for (const auto& rule : each.entry->conf.at("rules"))
      by_matches[match_hash(rule.value("matches", nlohmann::json()))] = {each.policy->resource, each.entry->index};
  }
  return by_matches;
}

}  // namespace kumasim::cp::policy
