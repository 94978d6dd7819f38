/// Generated configurations and calls: real and simulated Envoy beside each other, what differs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/real_envoy/traffic_comparison.hpp"

namespace kumasim::test {

struct GeneratedOptions {
  std::uint64_t seed = 1;
  std::size_t configurations = 1;
  std::optional<std::size_t> only = {};  ///< the number of one configuration, of which everything is printed
};

struct GeneratedComparison {
  std::size_t pairs = 0, same = 0;
  std::size_t by_chance = 0;  ///< of the same: where the simulated Envoy had to be run with more seeds than one
  std::size_t rare = 0;       ///< of these: what the real Envoy did once and did not do again
  std::size_t reached = 0;    ///< calls that reached an application through the real Envoy
  std::size_t refused = 0;    ///< configurations that both refuse; their calls count as same
  std::vector<TrafficDifference> differences;  ///< by configuration; id is "generated/NUMBER"
  std::optional<Error> impossible;             ///< why no Envoy can run here
};

/// Two configurations at a time, 25 calls of each. A pair is the same where the observation of the real Envoy is one
/// that the simulated Envoy comes to with some of many seeds: where nothing is left to chance there is but one.
GeneratedComparison compare_generated(const GeneratedOptions& options);

}  // namespace kumasim::test
