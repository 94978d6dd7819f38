/// The order in which policies are merged: from the least to the most specific, so that the last one wins.
#pragma once

#include <vector>

#include "reference-cp/policy/policy.hpp"

namespace kumasim::cp::policy {

/// Where a policy stands in the mesh; ranks rise with precedence.
int origin_rank(const Meta& meta);  ///< `kuma.io/origin`: global, none, zone
int role_rank(const Meta& meta);    ///< `kuma.io/policy-role`: system (also none), producer, consumer, workload-owner

/// By kind of the top-level targetRef, Dataplane ref by name over labels and with section over without, origin (zone
/// over global), number of MeshGateway tags, role, and then by name: the lexicographically first wins (Kuma docs,
/// "Policies: how policies are combined"). Equal ones keep the order of their resource names.
void sort_policies(std::vector<PolicyPtr>& policies);

/// One entry with the policy that it is from.
struct SourcedEntry {
  PolicyPtr policy;
  const Entry* entry = nullptr;  ///< lives in `policy`
};

/// As sort_policies, without the gateway tags; `to` entries of equal policies first by their own targetRef: kind, and a
/// MeshService with section over one without.
void sort_rules(std::vector<SourcedEntry>& rules);
void sort_to(std::vector<SourcedEntry>& entries);

}  // namespace kumasim::cp::policy
