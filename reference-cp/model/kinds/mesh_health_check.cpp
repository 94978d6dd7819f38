/// MeshHealthCheck: probes that a client's proxy sends to the endpoints of a destination.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/header_pairs.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/urls.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

SchemaPtr conf() {
  return object({
      {"interval", duration(), "time between two probes; 1m by default"},
      {"timeout", duration(), "time for an answer; 15s by default"},
      {"unhealthyThreshold", int32(), "failures in a row that make an endpoint unhealthy; 5 by default"},
      {"healthyThreshold", int32(), "successes in a row that make it healthy; 1 by default"},
      {"initialJitter", duration(), "longest random pause before the first probe"},
      {"intervalJitter", duration(), "longest random time added to each interval"},
      {"intervalJitterPercent", int32(), "the same as a share of the interval"},
      {"healthyPanicThreshold", int_or_string(), "share of healthy endpoints below which all are used (deprecated)"},
      {"failTrafficOnPanic", boolean(), "refuses traffic instead of using all endpoints"},
      {"eventLogPath", string(), "file of the events"},
      {"alwaysLogHealthCheckFailures", boolean(), "logs every failure, not only the first"},
      {"noTrafficInterval", duration(), "interval while a cluster has no traffic; 1m by default"},
      {"tcp",
       object({
           {"disabled", boolean(), "switches it off"},
           {"send", string(), "bytes to send, in base64"},
           {"receive", list(string()), "blocks that the answer must hold, in base64"},
       }),
       "a probe over TCP"},
      {"http",
       object({
           {"disabled", boolean(), "switches it off"},
           {"path", string(), "path of the request; / by default"},
           {"requestHeadersToAdd", header_pairs_schema(), "headers of the request"},
           {"expectedStatuses", list(int32()), "statuses that are good; 200 by default"},
       }),
       "a probe over HTTP"},
      {"grpc",
       object({
           {"disabled", boolean(), "switches it off"},
           {"serviceName", string(), "the service that is asked for"},
           {"authority", string(), "authority of the request; the cluster's name by default"},
       }),
       "a probe by gRPC's health protocol"},
      {"reuseConnection", boolean(), "keeps the connection between probes; true by default"},
  });
}

void validate_default(const json& conf, const Path& path, Violations& out) {
  duration_greater_than_zero(conf, "interval", path, out);
  duration_greater_than_zero(conf, "timeout", path, out);
  for (const char* name : {"unhealthyThreshold", "healthyThreshold"}) {
    if (has(conf, name) && at(conf, name) <= 0) out.add(path.at(name), "must be greater than zero when defined");
  }
  duration_greater_than_zero(conf, "initialJitter", path, out);
  duration_greater_than_zero(conf, "intervalJitter", path, out);
  if (has(conf, "intervalJitterPercent") &&
      (at(conf, "intervalJitterPercent") < 0 || at(conf, "intervalJitterPercent") > 100)) {
    out.add(path.at("intervalJitterPercent"), "must be in inclusive range [0, 100]");
  }
  decimal_percentage(conf, "healthyPanicThreshold", path, out);
  duration_greater_than_zero(conf, "noTrafficInterval", path, out);
  if (has(conf, "eventLogPath") && !is_file_path(text_at(conf, "eventLogPath"))) {
    out.add(path.at("eventLogPath"), "must be a valid path when defined");
  }
  const json& http = at(conf, "http");
  if (has(http, "path") && text_at(http, "path").empty()) out.add(path.at("http").at("path"), "must be defined");
  const json& statuses = at(http, "expectedStatuses");
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    status_code(statuses[i], path.at("http").at("expectedStatuses").at(i), out);
  }
  if (!has(conf, "http") && !has(conf, "tcp") && !has(conf, "grpc")) {
    out.add(path, "must have at least one defined: http, tcp, grpc");
  }
}

void validate(const Resource& resource, Violations& out) {
  const Path path("spec");
  validate_top_level(resource,
                     {.kinds = {"Mesh", "MeshSubset", "MeshGateway", "MeshService", "MeshServiceSubset", "Dataplane"},
                      .gateway_listener_tags = true},
                     out);
  const json& to = at(resource.spec, "to");
  for (std::size_t i = 0; i < to.size(); ++i) {
    Path item = path.at("to").at(i);
    const json& ref = at(to[i], "targetRef");
    validate_target_ref(ref, {.kinds = {"Mesh", "MeshService", "MeshMultiZoneService"}}, item.at("targetRef"), out);
    external_service_needs_mesh(resource, ref, item.at("targetRef"), out);
    validate_default(at(to[i], "default"), item.at("default"), out);
  }
}

void warn(const Resource& resource, std::vector<std::string>& out) {
  warn_top_level(resource, out);
  for (const auto& item : at(resource.spec, "to")) {
    if (has(at(item, "default"), "healthyPanicThreshold")) {
      out.push_back(
          "healthyPanicThreshold for 'to[].default' is deprecated. The setting has been moved to MeshCircuitBreaker "
          "policy, please use MeshCircuitBreaker policy instead.");
    }
  }
}

}  // namespace

const Kind& kind::mesh_health_check() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshHealthCheck", "meshhealthcheck", "meshhealthchecks", "mhc");
    table.text = "Probes of a destination's endpoints.";
    table.has_to = true;
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        {"to", target_list_schema(conf(), "the destination"), "probes of outbound traffic's endpoints"},
    });
    table.validate = validate;
    table.warn = warn;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
