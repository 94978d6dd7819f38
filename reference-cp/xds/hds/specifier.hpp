/// What an Envoy is to probe on its machine: the applications behind its inbounds, and itself.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "kumasim/runtime/time.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

/// The settings `dpServer.hds.*`; what a `serviceProbe` says goes before the checks' defaults.
struct HdsSettings {
  Duration interval = std::chrono::seconds(5);  ///< between two reports of an Envoy
  Duration check_timeout = std::chrono::seconds(2);
  Duration check_interval = std::chrono::seconds(1);
  Duration check_no_traffic_interval = std::chrono::seconds(1);
  std::uint32_t healthy_threshold = 1;
  std::uint32_t unhealthy_threshold = 1;
  std::uint32_t admin_port = 9901;  ///< of an Envoy whose Dataplane names none
};

struct Specifier {
  std::string bytes;               ///< envoy.service.health.v3.HealthCheckSpecifier
  std::set<std::string> clusters;  ///< that it names
};

/// As Kuma makes it: the admin server's /ready first, by which a draining
/// Envoy tells that it is, then a TCP check for each inbound with a `serviceProbe`, by the name of its local cluster.
/// Equal Dataplanes have equal bytes.
Specifier health_check_specifier(const Resource& dataplane, const NodeMetadata& metadata, const HdsSettings& settings);

}  // namespace kumasim::cp
