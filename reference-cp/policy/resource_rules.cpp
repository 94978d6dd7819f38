/// Rules by real resource, and rules for all incoming traffic.
#include <algorithm>
#include <set>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/policy/origins.hpp"
#include "reference-cp/policy/resolve.hpp"
#include "reference-cp/policy/rules.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::policy {
namespace {

struct ResolvedEntry {
  SourcedEntry source;
  ResourceSection section;
  Kri id;
};

/// Whether an entry for `entry` counts for the resource `other`: for itself, for a section of it, or as its mesh.
bool is_relevant(const Kri& entry, const Kri& other) {
  if (entry.type == "Mesh") return entry.name == (other.type == "Mesh" ? other.name : other.mesh);
  if (entry.type != other.type) return false;
  if (entry.type == "MeshExternalService" || entry.type == "MeshHTTPRoute")
    return entry.without_section() == other.without_section();
  if (entry.type != "MeshService" && entry.type != "MeshMultiZoneService") return false;
  return entry == other || (entry.section.empty() && entry == other.without_section());
}

}  // namespace

ResourceRules resource_rules(std::span<const PolicyPtr> policies, const MeshView& mesh) {
  std::vector<SourcedEntry> entries;
  for (const PolicyPtr& policy : policies) {
    // Policies on a MeshHTTPRoute as a whole are a matter of rules by tags.
    if (policy->target_ref.kind == RefKind::mesh_http_route) continue;
    for (const Entry& entry : policy->to) entries.push_back({policy, &entry});
  }
  sort_to(entries);

  std::vector<ResolvedEntry> resolved;
  std::set<Kri> ids;
  for (const SourcedEntry& entry : entries) {
    for (ResourceSection& section : resolve(entry.entry->target_ref, *entry.policy->resource, mesh)) {
      Kri id = section.id();
      ids.insert(id);
      resolved.push_back({entry, std::move(section), std::move(id)});
    }
  }

  ResourceRules rules;
  for (const Kri& id : ids) {
    std::vector<SourcedEntry> relevant;
    std::vector<nlohmann::json> confs;
    for (const ResolvedEntry& each : resolved) {
      if (!is_relevant(each.id, id)) continue;
      relevant.push_back(each.source);
      confs.push_back(each.source.entry->conf);
    }
    if (relevant.empty()) continue;
    const MergeShape& shape = shape_of(relevant.front().policy->resource->kind->type());
    rules[id] = {merge_confs(confs, shape), origins(relevant, true), origin_by_matches(relevant)};
  }
  return rules;
}

const ResourceRule* find_rule(const ResourceRules& rules, const Kri& id) {
  static constexpr std::string_view inheriting[] = {"MeshService", "MeshExternalService", "MeshMultiZoneService",
                                                    "MeshHTTPRoute"};
  if (auto found = rules.find(id); found != rules.end()) return &found->second;
  if (std::ranges::find(inheriting, id.type) == std::end(inheriting)) return nullptr;
  if (auto found = rules.find(id.without_section()); found != rules.end()) return &found->second;
  Kri mesh;
  mesh.type = "Mesh";
  mesh.name = id.mesh;
  auto found = rules.find(mesh);
  return found != rules.end() ? &found->second : nullptr;
}

std::vector<InboundRule> inbound_rules(std::span<const PolicyPtr> policies) {
  std::vector<SourcedEntry> entries;
  for (const PolicyPtr& policy : policies) {
    bool use_from = policy->rules.empty() && policy->resource->kind->table().from_as_rules;
    for (const Entry& entry : use_from ? policy->from : policy->rules) entries.push_back({policy, &entry});
  }
  sort_rules(entries);
  std::vector<InboundRule> rules;
  for (const SourcedEntry& each : entries)
    rules.push_back({each.entry->conf, {each.policy->resource, each.entry->index}});
  return rules;
}

nlohmann::json merged(std::span<const InboundRule> rules) {
  std::vector<nlohmann::json> confs;
  for (const InboundRule& rule : rules) confs.push_back(rule.conf);
  std::vector<nlohmann::json> result = merge_confs(confs);
  return result.empty() ? nlohmann::json::object() : std::move(result.front());
}

}  // namespace kumasim::cp::policy
