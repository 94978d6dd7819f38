/// Drawn clusters and their endpoints: every balancer, priorities, localities, subsets, health, limits.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/real_envoy/draw.hpp"
#include "tests/real_envoy/traffic_snapshot.hpp"

namespace kumasim::test {

struct GeneratedClusters {
  std::vector<nlohmann::json> clusters, assignments;  ///< in protobuf's JSON mapping
  std::vector<std::string> names;
};

/// Where the applications of every generated configuration listen; any other place of a cluster refuses connections.
std::set<Application> generated_applications();

GeneratedClusters generate_clusters(Draw& draw);

}  // namespace kumasim::test
