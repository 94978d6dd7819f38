/// Parts of the simulated Envoy's configuration as facts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "scenarios/behaviour/fact.hpp"
#include "sim/envoy/config/cluster.hpp"
#include "sim/envoy/config/route.hpp"

namespace kumasim::scenario {

/// Zero is no limit.
Fact duration_fact(Duration value);
Fact count_fact(std::uint64_t value);

/// Facts of several parts as one: what they share, or each behind its label. The reasons are the first one's.
Fact merged(const std::vector<std::pair<std::string, Fact>>& parts);

std::string retry_text(const sim::proxy::RetryPolicy& policy);
std::string delay_text(const sim::proxy::FaultFilter& fault);
std::string abort_text(const sim::proxy::FaultFilter& fault);
Fact rate_limit_fact(const sim::proxy::RateLimitFilter& limit);
std::string outlier_text(const sim::proxy::Cluster& cluster);
std::string balancing_text(const sim::proxy::Cluster& cluster, const std::vector<sim::proxy::HashPolicy>& hash);
std::string failover_text(const sim::proxy::LoadAssignment* assignment, bool weighted);
std::string edits_text(const sim::proxy::HeaderEdits& edits);
std::string redirect_text(const sim::proxy::Redirect& redirect);

}  // namespace kumasim::scenario
