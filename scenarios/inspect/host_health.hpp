/// What a simulated proxy holds against the hosts of a service that it calls.
#pragma once

#include <map>
#include <set>
#include <string>

#include "scenarios/inspect/recorded_run.hpp"

namespace kumasim::scenario {

struct HostHealth {
  /// address:port -> "ejected by outlier detection at 5s", "failed its health check" and so on: of those alone that
  /// something is held against.
  std::map<std::string, std::string> troubles = {};
  /// Clusters of which so few hosts are well that all of them are picked, or none (Envoy's panic).
  std::set<std::string> panics = {};
};

/// Where the run stopped, by the service that is called. Nothing is known of a process that does not run. REQUIRES: an
/// instance of the scenario.
std::map<std::string, HostHealth> host_health(const RecordedRun& run, const std::string& process);

}  // namespace kumasim::scenario
