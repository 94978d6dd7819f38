#include "reference-cp/xds/hds/report.hpp"

#include <charconv>

#include <envoy/service/health/v3/hds.pb.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reference-cp/xds/ads/node.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp {
namespace {

namespace health = ::envoy::service::health::v3;
namespace core = ::envoy::config::core::v3;

/// "localhost:8080" -> 8080
std::optional<std::uint32_t> port_of_local_cluster(std::string_view name) {
  auto colon = name.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::uint32_t port = 0;
  const char* end = name.data() + name.size();
  auto [stopped, error] = std::from_chars(name.data() + colon + 1, end, port);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return port;
}

/// Of the only endpoint that a specifier has for a cluster; nullopt where there is no word of it.
std::optional<bool> is_healthy(const health::ClusterEndpointsHealth& cluster) {
  if (cluster.locality_endpoints_health().empty()) return std::nullopt;
  const auto& endpoints = cluster.locality_endpoints_health(0).endpoints_health();
  if (endpoints.empty()) return std::nullopt;
  core::HealthStatus status = endpoints[0].health_status();
  return status == core::HEALTHY || status == core::UNKNOWN;
}

Result<HealthReport> report_of(const health::EndpointHealthResponse& response, std::set<std::string>& clusters) {
  HealthReport out;
  for (const health::ClusterEndpointsHealth& cluster : response.cluster_endpoints_health()) {
    const std::string& name = cluster.cluster_name();
    clusters.insert(name);
    std::optional<bool> healthy = is_healthy(cluster);
    if (!healthy) continue;
    if (name == "kuma:envoy:admin" || name == envoy::unified::admin) {
      out.envoy = *healthy;
      continue;
    }
    std::optional<std::uint32_t> port = port_of_local_cluster(name);
    if (!port) return fail(Code::invalid_argument, fmt::format("failed to parse local cluster name: {}", name));
    out.applications[*port] = *healthy;
  }
  return out;
}

/// Old readers look at `health`; canonical JSON leaves defaults out, `Ready` and false.
void set_ready(nlohmann::json& inbound, bool ready) {
  if (ready) {
    inbound.erase("state");
    inbound["health"] = {{"ready", true}};
  } else {
    inbound["state"] = "NotReady";
    inbound["health"] = nlohmann::json::object();
  }
}

}  // namespace

Result<HdsMessage> decode_hds_message(std::string_view bytes) {
  health::HealthCheckRequestOrEndpointHealthResponse message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(Code::invalid_argument, "the message is not a HealthCheckRequestOrEndpointHealthResponse");
  HdsMessage out;
  if (message.has_health_check_request()) out.request = node_of(message.health_check_request().node());
  if (message.has_endpoint_health_response()) {
    auto report = report_of(message.endpoint_health_response(), out.clusters);
    if (!report) return fail(report.error());
    out.report = std::move(*report);
  }
  return out;
}

bool apply_report(const HealthReport& report, nlohmann::json& dataplane_spec) {
  if (at(dataplane_spec, "networking", "inbound").empty()) return false;
  bool changed = false;
  for (nlohmann::json& inbound : dataplane_spec["networking"]["inbound"]) {
    bool healthy = report.envoy;
    if (!at(inbound, "serviceProbe").is_null()) {
      std::uint32_t port = number_at(inbound, "servicePort");
      auto probed = report.applications.find(port != 0 ? port : number_at(inbound, "port"));
      healthy = healthy && (probed == report.applications.end() || probed->second);
    }
    std::string state = text_at(inbound, "state");
    bool ready = state.empty() || state == "Ready";
    if ((healthy && state == "NotReady") || (!healthy && ready)) {
      set_ready(inbound, healthy);
      changed = true;
    }
  }
  return changed;
}

}  // namespace kumasim::cp
