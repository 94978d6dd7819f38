/// CircuitBreaker (old policy): outlier detection and limits of connections on the clusters of a destination.
#include <algorithm>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.CircuitBreaker.Conf";

SchemaPtr conf() {
  SchemaPtr errors =
      message(package + ".Detectors.Errors", {{"consecutive", wrapper(uint32()), "errors in a row that eject a host"}});
  SchemaPtr deviation = message(package + ".Detectors.StandardDeviation",
                                {{"requestVolume", wrapper(uint32()), "least requests of a host that counts"},
                                 {"minimumHosts", wrapper(uint32()), "least hosts with so many requests"},
                                 {"factor", wrapper(number()), "standard deviations below the mean that eject"}});
  SchemaPtr failure = message(package + ".Detectors.Failure",
                              {{"requestVolume", wrapper(uint32()), "least requests of a host that counts"},
                               {"minimumHosts", wrapper(uint32()), "least hosts with so many requests"},
                               {"threshold", wrapper(uint32()), "percentage of failures that ejects"}});
  SchemaPtr detectors = message(package + ".Detectors", {{"totalErrors", errors, "errors of the host and on the way"},
                                                         {"gatewayErrors", errors, "502, 503 and 504"},
                                                         {"localErrors", errors, "errors on the way only"},
                                                         {"standardDeviation", deviation, "by success rate"},
                                                         {"failure", failure, "by percentage of failures"}});
  SchemaPtr thresholds =
      message(package + ".Thresholds", {{"maxConnections", wrapper(uint32()), "connections"},
                                        {"maxPendingRequests", wrapper(uint32()), "waiting requests"},
                                        {"maxRetries", wrapper(uint32()), "retries at a time"},
                                        {"maxRequests", wrapper(uint32()), "requests at a time"}});
  return message(package, {{"interval", proto_duration(), "time between two looks at the hosts"},
                           {"baseEjectionTime", proto_duration(), "shortest ejection"},
                           {"maxEjectionPercent", wrapper(uint32()), "largest part of the hosts that is ejected"},
                           {"splitExternalAndLocalErrors", boolean(), "tells errors of the host from others"},
                           {"detectors", detectors, "what ejects a host"},
                           {"thresholds", thresholds, "limits"}});
}

bool has_any(const json& object, std::initializer_list<const char*> fields) {
  return std::ranges::any_of(fields, [&](const char* field) { return has(object, field); });
}

void validate(const Resource& resource, Violations& out) {
  validate_sides(resource.spec, service_tags, only_service_tag, out);
  const Path path("conf");
  const json& conf = at(resource.spec, "conf");
  const json& detectors = at(conf, "detectors");
  const json& thresholds = at(conf, "thresholds");
  bool detects = has_any(detectors, {"totalErrors", "gatewayErrors", "localErrors", "standardDeviation", "failure"});
  bool limits = has_any(thresholds, {"maxConnections", "maxPendingRequests", "maxRetries", "maxRequests"});
  if (!detects && !limits) return out.add(path, "must have at least one of the detector or threshold configured");
  if (!detectors.is_null() && !detects) out.add(path.at("detectors"), "can't be empty");
  constexpr const char* range = "has to be in [0.0 - 100.0] range";
  validate_range_100(at(conf, "maxEjectionPercent"), path.at("maxEjectionPercent"), range, out);
  validate_range_100(at(at(detectors, "failure"), "threshold"), path.at("detectors.failure.threshold"), range, out);
  if (!thresholds.is_null() && !limits) out.add(path.at("thresholds"), "can't be empty");
}

}  // namespace

const Kind& kind::circuit_breaker() {
  static const Kind out = [] {
    KindTable table = old_policy_table("CircuitBreaker", "circuit-breaker", "circuit-breakers", conf());
    table.text = "Outlier detection and limits of connections (old: use MeshCircuitBreaker).";
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
