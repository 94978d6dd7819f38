/// The legacy CircuitBreaker (Kuma docs, "Circuit Breaker").
#pragma once

namespace envoy::config::cluster::v3 {
class Cluster;
}

namespace kumasim::cp {
struct Resource;

namespace policy::legacy::circuit_breaker {

/// Limits and outlier detection of a cluster. A detector that the policy does not name is switched off where Envoy
/// would have it on.
void configure(const Resource& policy, ::envoy::config::cluster::v3::Cluster& cluster);

}  // namespace policy::legacy::circuit_breaker
}  // namespace kumasim::cp
