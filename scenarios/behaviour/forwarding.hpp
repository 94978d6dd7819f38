/// What becomes of a request that a proxy sends on: its clusters, what is behind them, and the servers' proxies.
#pragma once

#include <string>
#include <vector>

#include "scenarios/behaviour/behind_cluster.hpp"
#include "scenarios/behaviour/flow.hpp"
#include "sim/envoy/config/route.hpp"

namespace kumasim::scenario {

/// A request, or bytes, as a route sends them on.
struct Outgoing {
  bool http = true;
  std::string authority = {}, method = {}, path = {};
  sim::Headers headers = {};                               ///< as they came
  std::vector<const sim::proxy::HeaderEdits*> edits = {};  ///< of the route and around it, the innermost first
  std::vector<sim::proxy::HashPolicy> hash = {};
  std::string where = {};  ///< listener and route, for reasons
};

/// The clusters that get a part at all.
std::vector<const sim::proxy::ClusterChoice*> chosen(const std::vector<sim::proxy::ClusterChoice>& choices);

/// Adds route, shares, servers, and the facts of clusters and servers to `flow`. Faults and limits of the two ends add
/// up.
void forward(const Deployment& deployment, const StillProxy& client, const BehindCluster& behind,
             const Outgoing& outgoing, const std::vector<sim::proxy::ClusterChoice>& choices,
             std::uint64_t weight_total, CallFacts& flow);

}  // namespace kumasim::scenario
