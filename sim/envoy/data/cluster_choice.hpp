/// Which of weighted clusters a request or a connection gets.
#pragma once

#include <cstdint>
#include <vector>

#include "kumasim/runtime/random.hpp"
#include "sim/envoy/config/route.hpp"

namespace kumasim::sim::proxy {

/// By their weights, which add up to `total`. REQUIRES: `clusters` is not empty. One cluster is no draw.
inline const ClusterChoice& choose_cluster(const std::vector<ClusterChoice>& clusters, std::uint64_t total,
                                           Random& random) {
  if (clusters.size() == 1) return clusters.front();
  auto point = random.below(total);
  for (const auto& candidate : clusters) {
    if (point < candidate.weight) return candidate;
    point -= candidate.weight;
  }
  return clusters.back();
}

}  // namespace kumasim::sim::proxy
