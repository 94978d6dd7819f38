/// MeshCircuitBreaker: limits of connections and requests, and ejection of failing endpoints.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

SchemaPtr detectors() {
  SchemaPtr consecutive = object({{"consecutive", uint32(), "failures in a row"}});
  return object({
      {"totalFailures", consecutive, "any failure"},
      {"gatewayFailures", consecutive, "502, 503, 504 and connection failures"},
      {"localOriginFailures", consecutive, "failures seen by the proxy itself"},
      {"successRate",
       object({
           {"minimumHosts", uint32(), "hosts that must be there for statistics"},
           {"requestVolume", uint32(), "requests to a host that must be there"},
           {"standardDeviationFactor", int_or_string(), "how far below the mean is too far"},
       }),
       "a success rate far below the others'"},
      {"failurePercentage",
       object({
           {"minimumHosts", uint32(), "hosts that must be there"},
           {"requestVolume", uint32(), "requests to a host that must be there"},
           {"threshold", uint32(), "percentage of failures"},
       }),
       "a share of failures"},
  });
}

SchemaPtr conf() {
  return object({
      {"connectionLimits",
       object({
           {"maxConnections", uint32(), "connections to the cluster"},
           {"maxConnectionPools", uint32(), "connection pools of the cluster"},
           {"maxPendingRequests", uint32(), "requests that wait for a connection"},
           {"maxRetries", uint32(), "retries under way"},
           {"maxRequests", uint32(), "requests under way"},
       }),
       "limits"},
      {"outlierDetection",
       object({
           {"disabled", boolean(), "switches the detection off"},
           {"interval", duration(), "time between two looks"},
           {"baseEjectionTime", duration(), "how long an endpoint stays out, times its ejections"},
           {"maxEjectionPercent", uint32(), "share of endpoints that may be out"},
           {"splitExternalAndLocalErrors", boolean(), "tells the proxy's own failures from the server's"},
           {"detectors", detectors(), "what counts as failing"},
           {"healthyPanicThreshold", int_or_string(), "share of healthy endpoints below which all are used"},
       }),
       "ejection of failing endpoints"},
  });
}

void validate_detectors(const json& detectors, const Path& path, Violations& out) {
  if (detectors.is_null()) return out.add(path, "must be defined");
  if (detectors.empty()) {
    return out.add(path,
                   "must have at least one defined: totalFailures, gatewayFailures, localOriginFailures, successRate, "
                   "failurePercentage");
  }
  for (const char* name : {"totalFailures", "gatewayFailures", "localOriginFailures"}) {
    integer_greater_than_zero(at(detectors, name), "consecutive", path.at(name), out);
  }
  const json& rate = at(detectors, "successRate");
  Path at_rate = path.at("successRate");
  integer_greater_than_zero(rate, "minimumHosts", at_rate, out);
  integer_greater_than_zero(rate, "requestVolume", at_rate, out);
  if (has(rate, "standardDeviationFactor")) {
    Decimal factor = decimal(at(rate, "standardDeviationFactor"));
    if (!factor.valid) {
      out.add(at_rate.at("standardDeviationFactor"), "invalid number");
    } else if (factor.sign <= 0) {
      out.add(at_rate.at("standardDeviationFactor"), "must be greater than 0");
    }
  }
  const json& percentage = at(detectors, "failurePercentage");
  Path at_percentage = path.at("failurePercentage");
  integer_greater_than_zero(percentage, "minimumHosts", at_percentage, out);
  integer_greater_than_zero(percentage, "requestVolume", at_percentage, out);
  integer_percentage(percentage, "threshold", at_percentage, out);
}

void validate_default(const json& conf, const Path& path, Violations& out) {
  if (!has(conf, "connectionLimits") && !has(conf, "outlierDetection")) {
    return out.add(path, "at least one of: 'connectionLimits' or 'outlierDetection' should be configured");
  }
  for (const char* name : {"maxConnections", "maxConnectionPools", "maxPendingRequests", "maxRetries", "maxRequests"}) {
    integer_greater_than_zero(at(conf, "connectionLimits"), name, path.at("connectionLimits"), out);
  }
  if (!has(conf, "outlierDetection")) return;
  const json& outliers = at(conf, "outlierDetection");
  Path at_outliers = path.at("outlierDetection");
  duration_greater_than_zero(outliers, "interval", at_outliers, out);
  duration_greater_than_zero(outliers, "baseEjectionTime", at_outliers, out);
  integer_percentage(outliers, "maxEjectionPercent", at_outliers, out);
  decimal_percentage(outliers, "healthyPanicThreshold", at_outliers, out);
  validate_detectors(at(outliers, "detectors"), at_outliers.at("detectors"), out);
}

void validate(const Resource& resource, Violations& out) {
  const Path path("spec");
  const json& to = at(resource.spec, "to");
  const json& from = at(resource.spec, "from");
  const json& rules = at(resource.spec, "rules");
  validate_top_level(resource,
                     {.kinds = {"Mesh", "MeshSubset", "MeshService", "MeshGateway", "MeshServiceSubset", "Dataplane"},
                      .gateway_listener_tags = true,
                      .inbound = affects_inbounds(resource)},
                     out);
  if (rules.empty() && to.empty() && from.empty())
    out.add(path, "at least one of 'from', 'to' or 'rules' has to be defined");
  if (!rules.empty() && (!to.empty() || !from.empty())) {
    out.add(path, "fields 'to' and 'from' must be empty when 'rules' is defined");
  }
  // Kuma names `from` for what is wrong in `rules`.
  for (std::size_t i = 0; i < rules.size(); ++i) {
    validate_default(at(rules[i], "default"), path.at("from").at(i).at("default"), out);
  }
  for (std::size_t i = 0; i < from.size(); ++i) {
    Path item = path.at("from").at(i);
    validate_target_ref(at(from[i], "targetRef"), {.kinds = {"Mesh"}}, item.at("targetRef"), out);
    validate_default(at(from[i], "default"), item.at("default"), out);
  }
  for (std::size_t i = 0; i < to.size(); ++i) {
    Path item = path.at("to").at(i);
    const json& ref = at(to[i], "targetRef");
    validate_target_ref(ref, {.kinds = {"Mesh", "MeshService", "MeshMultiZoneService"}}, item.at("targetRef"), out);
    if (text_at(ref, "kind") == "MeshExternalService" && top_level_kind(resource.spec) != "Mesh") {
      out.add(item.at("targetRef").at("kind"),
              "kind MeshExternalService is only allowed with targetRef.kind: Mesh as it is configured on the Zone "
              "Egress and "
              "shared by all clients in the mesh");
    }
    validate_default(at(to[i], "default"), item.at("default"), out);
  }
}

void warn(const Resource& resource, std::vector<std::string>& out) {
  warn_from(resource, out);
  warn_top_level(resource, out);
}

}  // namespace

const Kind& kind::mesh_circuit_breaker() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshCircuitBreaker", "meshcircuitbreaker", "meshcircuitbreakers", "mcb");
    table.text = "Limits of connections and requests, and ejection of failing endpoints.";
    table.has_to = table.has_from = table.has_rules = table.from_as_rules = true;
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        {"to", target_list_schema(conf(), "the destination"), "limits of outbound traffic"},
        {"from", target_list_schema(conf(), "the clients"), "limits of inbound traffic (deprecated: use rules)"},
        {"rules", rule_list_schema(conf()), "limits of inbound traffic"},
    });
    table.validate = validate;
    table.warn = warn;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
