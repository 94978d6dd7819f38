/// A proxy's configuration as both Envoys are served it where their traffic is compared: outbound and gateway
/// listeners.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "reference-cp/xds/snapshot.hpp"

namespace kumasim::test {

/// Where an application is to answer.
struct Application {
  std::string address;
  std::uint16_t port = 0;
  auto operator<=>(const Application&) const = default;
};

struct TrafficSnapshot {
  cp::Snapshot snapshot;
  std::set<Application> applications;  ///< one for every endpoint of a cluster
  std::string machine;                 ///< an address of the proxy's own
  std::uint16_t redirect_port = 0;     ///< where redirected connections go; 0: none are
};

/// What is changed, for both alike (README.md says why): other listeners are left out, endpoints are plain and
/// unchecked, host names have addresses, and the only access log is one line for each call in the file `access_log`.
TrafficSnapshot traffic_snapshot(const cp::Snapshot& of, const std::string& access_log);

}  // namespace kumasim::test
