/// What an Envoy says on a stream of health discovery, free of protobuf, and what follows for its Dataplane.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/xds/ads/request.hpp"

namespace kumasim::cp {

/// Where something was not checked, it counts as healthy.
struct HealthReport {
  bool envoy = true;                           ///< the proxy itself takes traffic
  std::map<std::uint32_t, bool> applications;  ///< by the port that was probed
};

/// One of both, or neither where the message is empty.
struct HdsMessage {
  std::optional<AdsNode> request;  ///< asks for what is to be probed; its node
  std::optional<HealthReport> report;
  std::set<std::string> clusters;  ///< that it reports on
};

/// From the bytes of envoy.service.health.v3.HealthCheckRequestOrEndpointHealthResponse; invalid_argument where they
/// are not one, or report on a cluster whose name has no port; whether a specifier names it is the session's to judge.
Result<HdsMessage> decode_hds_message(std::string_view bytes);

/// Writes state and health into the inbounds of a Dataplane's specification: by what was probed into those with a
/// `serviceProbe` (Kuma goes by the port alone), by the proxy's own word into all. An inbound that is Ignored stays so.
/// False: nothing has changed.
bool apply_report(const HealthReport& report, nlohmann::json& dataplane_spec);

}  // namespace kumasim::cp
