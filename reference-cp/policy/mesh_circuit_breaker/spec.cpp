/// MeshCircuitBreaker's conf from JSON.
#include "reference-cp/policy/mesh_circuit_breaker/spec.hpp"

#include "reference-cp/policy/conf_read.hpp"

namespace kumasim::cp::policy::mesh_circuit_breaker {
namespace {

ConnectionLimits read_limits(const nlohmann::json& json) {
  return {.connections = optional_number_at(json, "maxConnections"),
          .connection_pools = optional_number_at(json, "maxConnectionPools"),
          .pending_requests = optional_number_at(json, "maxPendingRequests"),
          .retries = optional_number_at(json, "maxRetries"),
          .requests = optional_number_at(json, "maxRequests")};
}

OutlierDetection read_detection(const nlohmann::json& json) {
  OutlierDetection detection;
  detection.disabled = flag_at(json, "disabled");
  detection.interval = duration_at(json, "interval");
  detection.base_ejection_time = duration_at(json, "baseEjectionTime");
  detection.ejection_percent_max = optional_number_at(json, "maxEjectionPercent");
  if (at(json, "splitExternalAndLocalErrors").is_boolean())
    detection.split_external_and_local_errors = flag_at(json, "splitExternalAndLocalErrors");
  const auto& detectors = at(json, "detectors");
  detection.has_detectors = detectors.is_object();
  detection.total_failures = optional_number_at(at(detectors, "totalFailures"), "consecutive");
  detection.gateway_failures = optional_number_at(at(detectors, "gatewayFailures"), "consecutive");
  detection.local_origin_failures = optional_number_at(at(detectors, "localOriginFailures"), "consecutive");
  if (const auto& rate = at(detectors, "successRate"); rate.is_object())
    detection.success_rate = {.hosts_min = optional_number_at(rate, "minimumHosts"),
                              .request_volume = optional_number_at(rate, "requestVolume"),
                              .standard_deviation_factor = decimal_at(rate, "standardDeviationFactor")};
  if (const auto& failures = at(detectors, "failurePercentage"); failures.is_object())
    detection.failure_percentage = {.hosts_min = optional_number_at(failures, "minimumHosts"),
                                    .request_volume = optional_number_at(failures, "requestVolume"),
                                    .threshold = optional_number_at(failures, "threshold")};
  detection.healthy_panic_threshold = decimal_at(json, "healthyPanicThreshold");
  return detection;
}

}  // namespace

Conf Conf::from_json(const nlohmann::json& json) {
  Conf conf;
  if (const auto& limits = at(json, "connectionLimits"); limits.is_object())
    conf.connection_limits = read_limits(limits);
  if (const auto& outliers = at(json, "outlierDetection"); outliers.is_object())
    conf.outlier_detection = read_detection(outliers);
  return conf;
}

}  // namespace kumasim::cp::policy::mesh_circuit_breaker
