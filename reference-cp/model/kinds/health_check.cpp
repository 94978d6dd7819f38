/// HealthCheck (old policy): how proxies probe the instances of a destination.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.HealthCheck.Conf";

/// Go calls FloatValue's number so, unlike DoubleValue's.
SchemaPtr float_value() {
  auto out = std::make_shared<Schema>(*wrapper(number()));
  out->go_type = "float32";
  return out;
}

SchemaPtr conf() {
  SchemaPtr tcp =
      message(package + ".Tcp", {{"send", wrapper(bytes()), "bytes that are sent, in base64"},
                                 {"receive", list(wrapper(bytes())), "bytes that must come back, in base64"}});
  SchemaPtr header = message(
      package + ".Http.HeaderValueOption",
      {{"header",
        message(package + ".Http.HeaderValue", {{"key", string(), "its name"}, {"value", string(), "its value"}}),
        "the header"},
       {"append", wrapper(boolean()), "keeps what is there"}});
  SchemaPtr http =
      message(package + ".Http", {{"path", string(), "path of the probe"},
                                  {"requestHeadersToAdd", list(header), "headers of the probe"},
                                  {"expectedStatuses", list(wrapper(uint32())), "statuses of a good answer"}});
  return message(package,
                 {{"interval", proto_duration(), "time between two probes"},
                  {"timeout", proto_duration(), "time for one probe"},
                  {"unhealthyThreshold", uint32(), "failures that make an instance unhealthy"},
                  {"healthyThreshold", uint32(), "successes that make it healthy"},
                  {"initialJitter", proto_duration(), "most wait before the first probe"},
                  {"intervalJitter", proto_duration(), "most that is added to an interval"},
                  {"intervalJitterPercent", uint32(), "most that is added, as a part of the interval"},
                  {"healthyPanicThreshold", float_value(), "part of healthy hosts below which all are used"},
                  {"failTrafficOnPanic", wrapper(boolean()), "refuses traffic below that"},
                  {"eventLogPath", string(), "file of events"},
                  {"alwaysLogHealthCheckFailures", wrapper(boolean()), "logs each failure, not only the first"},
                  {"noTrafficInterval", proto_duration(), "interval while there is no traffic"},
                  {"tcp", tcp, "a probe by TCP"},
                  {"http", http, "a probe by HTTP"},
                  {"reuseConnection", wrapper(boolean()), "keeps a connection between probes"}});
}

void validate_http(const json& http, const Path& path, Violations& out) {
  if (text_at(http, "path").empty()) out.add(path.at("path"), "has to be defined and cannot be empty");
  const json& statuses = at(http, "expectedStatuses");
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    if (statuses[i] < 100 || statuses[i] >= 600) {
      out.add(path.at("expectedStatuses").at(i), "must be in range [100, 600)");
    }
  }
  const json& headers = at(http, "requestHeadersToAdd");
  for (std::size_t i = 0; i < headers.size(); ++i) {
    Path here = path.at("requestHeadersToAdd").at(i).at("header");
    if (!has(headers[i], "header")) {
      out.add(here, "has to be defined");
    } else if (text_at(at(headers[i], "header"), "key").empty()) {
      out.add(here.at("key"), "cannot be empty");
    }
  }
}

void validate(const Resource& resource, Violations& out) {
  validate_sides(resource.spec, service_tags, only_service_tag, out);
  const Path path("conf");
  const json& conf = at(resource.spec, "conf");
  constexpr const char* positive = "must have a positive value";
  if (conf.is_null()) return out.add(path, "has to be defined");
  for (const char* field : {"interval", "timeout"}) {
    if (!has(conf, field) || is_zero_duration(conf, field)) out.add(path.at(field), positive);
  }
  for (const char* field : {"unhealthyThreshold", "healthyThreshold"}) {
    if (!has(conf, field)) out.add(path.at(field), positive);
  }
  for (const char* field : {"initialJitter", "intervalJitter", "noTrafficInterval"}) {
    if (is_zero_duration(conf, field)) out.add(path.at(field), positive);
  }
  validate_range_100(at(conf, "healthyPanicThreshold"), path.at("healthyPanicThreshold"),
                     "must be in range [0.0 - 100.0]", out);
  if (has(conf, "http")) validate_http(at(conf, "http"), path.at("http"), out);
  if (has(conf, "http") && has(conf, "tcp")) out.add(path, "http and tcp cannot be defined at the same time");
}

}  // namespace

const Kind& kind::health_check() {
  static const Kind out = [] {
    KindTable table = old_policy_table("HealthCheck", "healthcheck", "healthchecks", conf());
    table.path = "health-checks";
    table.text = "How proxies probe the instances of a destination (old: use MeshHealthCheck).";
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
