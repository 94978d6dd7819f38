/// How CircuitBreaker becomes thresholds and outlier detection.
#include "reference-cp/policy/legacy/circuit_breaker.hpp"

#include <envoy/config/cluster/v3/cluster.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/xds/envoy/metadata.hpp"

namespace kumasim::cp::policy::legacy::circuit_breaker {
namespace {

using ::envoy::config::cluster::v3::Cluster;
using ::envoy::config::cluster::v3::OutlierDetection;

/// Envoy enforces with a percentage: all, or none where Kuma's detector is absent.
constexpr std::uint32_t enforced = 100, off = 0;

/// `out` is made only where the field is there.
template <class Out>
void copy(const nlohmann::json& from, const char* key, Out out) {
  if (auto value = optional_number_at(from, key)) out()->set_value(*value);
}

void limit(const nlohmann::json& from, Cluster& cluster) {
  bool any = false;
  for (const char* field : {"maxConnections", "maxPendingRequests", "maxRetries", "maxRequests"})
    any = any || optional_number_at(from, field).has_value();
  if (!any) return;
  cluster.mutable_circuit_breakers()->Clear();
  auto& out = *cluster.mutable_circuit_breakers()->add_thresholds();
  copy(from, "maxConnections", [&] { return out.mutable_max_connections(); });
  copy(from, "maxPendingRequests", [&] { return out.mutable_max_pending_requests(); });
  copy(from, "maxRetries", [&] { return out.mutable_max_retries(); });
  copy(from, "maxRequests", [&] { return out.mutable_max_requests(); });
}

void detect_errors(const nlohmann::json& detectors, OutlierDetection& out) {
  const auto& total = at(detectors, "totalErrors");
  copy(total, "consecutive", [&] { return out.mutable_consecutive_5xx(); });
  out.mutable_enforcing_consecutive_5xx()->set_value(total.is_object() ? enforced : off);
  const auto& gateway = at(detectors, "gatewayErrors");
  copy(gateway, "consecutive", [&] { return out.mutable_consecutive_gateway_failure(); });
  out.mutable_enforcing_consecutive_gateway_failure()->set_value(gateway.is_object() ? enforced : off);
  const auto& local = at(detectors, "localErrors");
  copy(local, "consecutive", [&] { return out.mutable_consecutive_local_origin_failure(); });
  out.mutable_enforcing_consecutive_local_origin_failure()->set_value(local.is_object() ? enforced : off);
}

void detect_rates(const nlohmann::json& detectors, OutlierDetection& out) {
  const auto& deviation = at(detectors, "standardDeviation");
  out.mutable_enforcing_success_rate()->set_value(deviation.is_object() ? enforced : off);
  if (deviation.is_object()) {
    out.mutable_enforcing_local_origin_success_rate()->set_value(enforced);
    copy(deviation, "requestVolume", [&] { return out.mutable_success_rate_request_volume(); });
    copy(deviation, "minimumHosts", [&] { return out.mutable_success_rate_minimum_hosts(); });
    if (auto factor = decimal_at(deviation, "factor"))  // in thousandths, cut off
      out.mutable_success_rate_stdev_factor()->set_value(static_cast<std::uint32_t>(*factor * 1000));
  }
  const auto& failure = at(detectors, "failure");
  out.mutable_enforcing_failure_percentage()->set_value(failure.is_object() ? enforced : off);
  if (failure.is_object()) {
    out.mutable_enforcing_failure_percentage_local_origin()->set_value(enforced);
    copy(failure, "requestVolume", [&] { return out.mutable_failure_percentage_request_volume(); });
    copy(failure, "minimumHosts", [&] { return out.mutable_failure_percentage_minimum_hosts(); });
    copy(failure, "threshold", [&] { return out.mutable_failure_percentage_threshold(); });
  }
}

}  // namespace

void configure(const Resource& policy, Cluster& cluster) {
  const nlohmann::json& conf = at(policy.spec, "conf");
  limit(at(conf, "thresholds"), cluster);
  OutlierDetection out;
  if (auto interval = duration_at(conf, "interval")) envoy::set_duration(*out.mutable_interval(), *interval);
  if (auto ejection = duration_at(conf, "baseEjectionTime"))
    envoy::set_duration(*out.mutable_base_ejection_time(), *ejection);
  copy(conf, "maxEjectionPercent", [&] { return out.mutable_max_ejection_percent(); });
  out.set_split_external_local_origin_errors(flag_at(conf, "splitExternalAndLocalErrors"));
  detect_errors(at(conf, "detectors"), out);
  detect_rates(at(conf, "detectors"), out);
  *cluster.mutable_outlier_detection() = std::move(out);
}

}  // namespace kumasim::cp::policy::legacy::circuit_breaker
