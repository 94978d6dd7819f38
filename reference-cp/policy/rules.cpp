/// Building of rules by tags.
#include "reference-cp/policy/rules.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/policy/cliques.hpp"
#include "reference-cp/policy/match_hash.hpp"
#include "reference-cp/policy/origins.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::policy {
namespace {

/// An entry with the destination or client that it is about after routes have been put in for MeshHTTPRoute.
struct Item {
  SourcedEntry source;
  Subset subset;
};

std::optional<Subset> as_subset(const TargetRef& ref) {
  Subset subset;
  if (ref.kind == RefKind::mesh_service || ref.kind == RefKind::mesh_service_subset)
    subset.push_back({"kuma.io/service", ref.name});
  if (ref.kind == RefKind::mesh_subset || ref.kind == RefKind::mesh_service_subset)
    for (const auto& [key, value] : ref.tags) subset.push_back({key, value});
  if (ref.kind == RefKind::mesh_gateway || ref.kind == RefKind::mesh_http_route) return std::nullopt;
  return subset;
}

/// The rule for a subset out of every item that holds for all of it; none, one, or one for each hostname.
void add_rules(std::vector<Rule>& rules, const Subset& subset, std::span<const Item> items) {
  std::vector<nlohmann::json> confs;
  std::vector<SourcedEntry> relevant;
  for (const Item& item : items) {
    if (!includes(item.subset, subset)) continue;
    confs.push_back(item.source.entry->conf);
    relevant.push_back(item.source);
  }
  if (relevant.empty()) return;
  const MergeShape& shape = shape_of(relevant.front().policy->resource->kind->type());
  for (nlohmann::json& conf : merge_confs(confs, shape))
    rules.push_back({subset, std::move(conf), origins(relevant, false), origin_by_matches(relevant)});
}

std::vector<Rule> build(std::span<const Item> items, bool with_negations) {
  std::vector<Rule> rules;
  if (items.empty()) return rules;
  std::set<std::string> keys;
  for (const Item& item : items)
    for (const Tag& tag : item.subset) keys.insert(tag.key);

  if (!with_negations && keys.size() <= 1) {
    std::set<Subset> seen;
    for (const Item& item : items)
      if (seen.insert(item.subset).second) add_rules(rules, item.subset, items);
    std::ranges::stable_sort(rules, [](const Rule& a, const Rule& b) { return a.subset.size() > b.subset.size(); });
    return rules;
  }

  auto groups = maximal_cliques(
      items.size(), [&](std::size_t i, std::size_t j) { return intersects(items[i].subset, items[j].subset); });
  // Kuma orders groups by the text of their members' numbers, descending; it shows in the order of rules.
  auto text = [](const std::vector<std::size_t>& group) {
    std::string joined;
    for (std::size_t node : group) joined += (joined.empty() ? "" : ":") + std::to_string(node);
    return joined;
  };
  std::ranges::stable_sort(groups, [&](const auto& a, const auto& b) { return text(a) > text(b); });
  for (const auto& group : groups) {
    std::set<Tag> tags;
    for (std::size_t node : group) tags.insert(items[node].subset.begin(), items[node].subset.end());
    std::vector<Tag> sorted(tags.begin(), tags.end());
    for (const Subset& cell : partition(sorted)) add_rules(rules, cell, items);
  }
  std::ranges::stable_sort(rules,
                           [](const Rule& a, const Rule& b) { return positives(a.subset) > positives(b.subset); });
  return rules;
}

/// The MeshHTTPRoute of the mesh that a policy's top level names.
ResourcePtr route_of(const Policy& policy, const MeshView& mesh) {
  ResourcePtr found;
  for (auto [name, route] : mesh.all("MeshHTTPRoute"))
    if (display_name(route->meta) == policy.target_ref.name) found = route;
  return found;
}

/// A policy on a route: its conf for each rule of the route, for the destination of that rule.
bool add_route_items(std::vector<Item>& items, const PolicyPtr& policy, const MeshView& mesh) {
  ResourcePtr route = route_of(*policy, mesh);
  if (!route) return false;
  for (const Entry& route_entry : decode_policy(route)->to) {
    const nlohmann::json& rules = route_entry.conf.at("rules");
    for (const nlohmann::json& rule : rules) {
      std::string hash = match_hash(rule.value("matches", nlohmann::json()));
      Subset subset;
      if (route_entry.target_ref.kind != RefKind::mesh && route_entry.target_ref.kind != RefKind::mesh_subset)
        subset.push_back({"kuma.io/service", route_entry.target_ref.name});
      subset.push_back({std::string(route_tag), hash});
      for (const Entry& entry : policy->to) items.push_back({{policy, &entry}, subset});
    }
  }
  return true;
}

}  // namespace

std::vector<Rule> from_rules(std::span<const PolicyPtr> policies) {
  std::vector<Item> items;
  for (const PolicyPtr& policy : policies) {
    for (const Entry& entry : policy->from) {
      if (!is_tag_kind(entry.target_ref.kind)) continue;
      std::optional<Subset> subset = as_subset(entry.target_ref);
      if (!subset) return {};
      items.push_back({{policy, &entry}, std::move(*subset)});
    }
  }
  return build(items, true);
}

std::vector<Rule> to_rules(std::span<const PolicyPtr> policies, const MeshView& mesh) {
  std::vector<Item> items;
  for (const PolicyPtr& policy : policies) {
    // A policy with an entry for a MeshHTTPRoute speaks of real resources only.
    if (std::ranges::any_of(policy->to, [](const Entry& e) { return e.target_ref.kind == RefKind::mesh_http_route; }))
      continue;
    if (policy->target_ref.kind == RefKind::mesh_http_route) {
      if (!policy->to.empty() && !add_route_items(items, policy, mesh)) return {};
      continue;
    }
    for (const Entry& entry : policy->to) {
      if (!is_tag_kind(entry.target_ref.kind)) continue;
      std::optional<Subset> subset = as_subset(entry.target_ref);
      if (!subset) return {};
      items.push_back({{policy, &entry}, std::move(*subset)});
    }
  }
  return build(items, false);
}

std::vector<Rule> client_rules(std::span<const PolicyPtr> policies,
                               const std::function<bool(const TargetRef&)>& is_for) {
  std::vector<Item> items;
  for (const PolicyPtr& policy : policies) {
    if (!is_tag_kind(policy->target_ref.kind)) continue;
    std::optional<Subset> clients = as_subset(policy->target_ref);
    if (!clients) continue;
    for (const Entry& entry : policy->to)
      if (is_for(entry.target_ref)) items.push_back({{policy, &entry}, *clients});
  }
  return build(items, false);
}

const Rule* find_rule(std::span<const Rule> rules, const Tags& element) {
  auto found = std::ranges::find_if(rules, [&](const Rule& rule) { return contains(rule.subset, element); });
  return found == rules.end() ? nullptr : &*found;
}

}  // namespace kumasim::cp::policy
