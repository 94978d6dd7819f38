/// Real and simulated Envoy beside each other: corpus cases, the same snapshot and calls for both, what differs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/golden/corpus.hpp"
#include "tests/real_envoy/real_envoy.hpp"

namespace kumasim::test {

/// A call, or a whole proxy ("start"), of which the two do not say the same.
struct TrafficDifference {
  std::string id, proxy;  ///< AREA/CASE and the proxy's name
  std::string call;       ///< describe()
  std::string simulated, real;
  std::string why;  ///< the simulated Envoy's steps
};

struct TrafficComparison {
  std::size_t cases = 0;  ///< that have an outbound or gateway listener
  std::size_t without = 0;
  std::size_t calls = 0, agreed = 0;
  std::size_t fewest = 0;                      ///< calls of a case
  std::vector<TrafficDifference> differences;  ///< by case
  std::optional<Error> impossible;             ///< why no Envoy can run here
};

/// Two cases at a time. Of each the proxy with the most to exercise, or with `every_proxy` all of them.
struct TrafficOptions {
  std::uint64_t seed = 1;
  bool every_proxy = false;
};
TrafficComparison compare_traffic(const std::vector<cp::golden::Case>& cases, TrafficOptions options = {});

/// A difference that is known and explained (known_differences.json).
struct KnownDifference {
  std::string id;                     ///< "*": in several cases
  std::string call, simulated, real;  ///< parts of the difference's texts
  std::string reason;
  bool operator==(const KnownDifference&) const = default;
  bool tells(const TrafficDifference& d) const {
    return (id == "*" || d.id == id) && d.call.contains(call) && d.simulated.contains(simulated) &&
           d.real.contains(real);
  }
};
/// Of a list in that file: "differences" of the corpus, "generated".
std::vector<KnownDifference> known_differences(const std::string& list = "differences");

}  // namespace kumasim::test
