/// MeshCircuitBreaker's conf (Kuma docs, "Mesh Circuit Breaker").
#pragma once

#include <cstdint>
#include <optional>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/time.hpp"

namespace kumasim::cp::policy::mesh_circuit_breaker {

using Count = std::optional<std::uint32_t>;

struct ConnectionLimits {
  Count connections, connection_pools, pending_requests, retries, requests;
};

struct SuccessRate {
  Count hosts_min, request_volume;
  std::optional<double> standard_deviation_factor;
};

struct FailurePercentage {
  Count hosts_min, request_volume, threshold;
};

/// A detector that is absent is switched off.
struct OutlierDetection {
  bool disabled = false;
  std::optional<Duration> interval, base_ejection_time;
  Count ejection_percent_max;
  std::optional<bool> split_external_and_local_errors;
  bool has_detectors = false;
  Count total_failures, gateway_failures, local_origin_failures;  ///< in a row
  std::optional<SuccessRate> success_rate;
  std::optional<FailurePercentage> failure_percentage;
  std::optional<double> healthy_panic_threshold;  ///< percent
};

struct Conf {
  std::optional<ConnectionLimits> connection_limits;
  std::optional<OutlierDetection> outlier_detection;

  static Conf from_json(const nlohmann::json& json);
};

}  // namespace kumasim::cp::policy::mesh_circuit_breaker
