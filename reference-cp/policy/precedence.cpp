/// Comparison of policies by how specific they are.
#include "reference-cp/policy/precedence.hpp"

#include <algorithm>
#include <compare>

namespace kumasim::cp::policy {
namespace {

/// Weak order by what the policies select and where they come from; not yet by name.
std::weak_ordering by_attributes(const Policy& a, const Policy& b, bool with_gateway_tags) {
  const Meta &first = a.resource->meta, &second = b.resource->meta;
  if (auto order = a.target_ref.kind <=> b.target_ref.kind; order != 0) return order;
  if (int order = compare_dataplane_refs(a.target_ref, b.target_ref); order != 0) return order <=> 0;
  if (auto order = origin_rank(first) <=> origin_rank(second); order != 0) return order;
  if (with_gateway_tags && a.target_ref.kind == RefKind::mesh_gateway)
    if (auto order = a.target_ref.tags.size() <=> b.target_ref.tags.size(); order != 0) return order;
  return role_rank(first) <=> role_rank(second);
}

/// The policy with the first name has the last word. Equal display names fall back to the order of a list of resources.
std::weak_ordering by_name(const Policy& a, const Policy& b) {
  const Meta &first = a.resource->meta, &second = b.resource->meta;
  if (auto order = display_name(second) <=> display_name(first); order != 0) return order;
  return first.name <=> second.name;
}

std::weak_ordering by_to_entry(const TargetRef& a, const TargetRef& b) {
  if (auto order = a.kind <=> b.kind; order != 0) return order;
  if (a.kind == RefKind::mesh_service) return !a.section.empty() <=> !b.section.empty();
  return std::weak_ordering::equivalent;
}

}  // namespace

int origin_rank(const Meta& meta) {
  std::string origin = meta.label("kuma.io/origin");
  return origin.empty() ? 2 : origin == "global" ? 1 : origin == "zone" ? 3 : 0;
}

int role_rank(const Meta& meta) {
  std::string role = meta.label("kuma.io/policy-role");
  if (role.empty() || role == "system") return 1;
  return role == "producer" ? 2 : role == "consumer" ? 3 : role == "workload-owner" ? 4 : 0;
}

void sort_policies(std::vector<PolicyPtr>& policies) {
  std::ranges::stable_sort(policies, [](const PolicyPtr& a, const PolicyPtr& b) {
    if (auto order = by_attributes(*a, *b, true); order != 0) return order < 0;
    return by_name(*a, *b) < 0;
  });
}

void sort_rules(std::vector<SourcedEntry>& rules) {
  std::ranges::stable_sort(rules, [](const SourcedEntry& a, const SourcedEntry& b) {
    if (auto order = by_attributes(*a.policy, *b.policy, false); order != 0) return order < 0;
    return by_name(*a.policy, *b.policy) < 0;
  });
}

void sort_to(std::vector<SourcedEntry>& entries) {
  std::ranges::stable_sort(entries, [](const SourcedEntry& a, const SourcedEntry& b) {
    if (auto order = by_attributes(*a.policy, *b.policy, false); order != 0) return order < 0;
    if (auto order = by_to_entry(a.entry->target_ref, b.entry->target_ref); order != 0) return order < 0;
    return by_name(*a.policy, *b.policy) < 0;
  });
}

}  // namespace kumasim::cp::policy
