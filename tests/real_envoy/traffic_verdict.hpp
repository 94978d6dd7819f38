/// What an Envoy, real or simulated, makes of a generated call, and when two verdicts agree.
#pragma once

#include <set>
#include <string>

#include "tests/real_envoy/calls.hpp"

namespace kumasim::test {

struct TrafficVerdict {
  int status = 0;       ///< as the client saw it; of a raw call 200 where bytes came back; 0: no answer
  std::string flags;    ///< as %RESPONSE_FLAGS%, empty for none
  std::string cluster;  ///< as %UPSTREAM_CLUSTER_RAW%, empty for none
  std::string route;    ///< the configured name; empty where it has none
  auto operator<=>(const TrafficVerdict&) const = default;
};

std::string to_text(const TrafficVerdict& verdict);

/// What the simulated Envoy may come to: one verdict, and others where the configuration leaves it to chance.
struct ExpectedVerdict {
  TrafficVerdict verdict;
  std::set<std::string> clusters;  ///< of a weighted choice; empty: the verdict's alone
  bool rate_limited = false;       ///< 429 with RL may stand for it, and it for that
  bool at_times_faulty = false;    ///< and what an injected fault makes of it (FI, DI)
  std::string why;                 ///< the simulated Envoy's reasons

  bool random() const { return clusters.size() > 1; }
};

bool agree(const ExpectedVerdict& expected, const TrafficVerdict& real);

}  // namespace kumasim::test
