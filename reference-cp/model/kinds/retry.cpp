/// Retry (old policy): what proxies do when a request or a connection to a destination fails.
#include <map>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.Retry.Conf";

SchemaPtr conf() {
  Field retries{"numRetries", wrapper(uint32()), "most retries"};
  Field timeout{"perTryTimeout", proto_duration(), "time for one try"};
  Field back_off{"backOff",
                 message(package + ".BackOff", {{"baseInterval", proto_duration(), "first wait"},
                                                {"maxInterval", proto_duration(), "longest wait"}}),
                 "waits between tries"};
  SchemaPtr http_on =
      enumeration({"all_5xx", "gateway_error", "reset", "connect_failure", "envoy_ratelimited", "retriable_4xx",
                   "refused_stream", "retriable_status_codes", "retriable_headers", "http3_post_connect_failure"},
                  "kuma.mesh.v1alpha1.HttpRetryOn");
  SchemaPtr grpc_on = enumeration({"cancelled", "deadline_exceeded", "internal", "resource_exhausted", "unavailable"},
                                  package + ".Grpc.RetryOn");
  SchemaPtr http =
      message(package + ".Http", {retries,
                                  timeout,
                                  back_off,
                                  {"retriableStatusCodes", list(uint32()), "statuses that are tried again"},
                                  {"retriableMethods", list(http_method_schema()), "methods that are tried again"},
                                  {"retryOn", list(http_on), "conditions for a retry"}});
  SchemaPtr grpc =
      message(package + ".Grpc", {{"retryOn", list(grpc_on), "conditions for a retry"}, retries, timeout, back_off});
  return message(package,
                 {{"http", http, "HTTP requests"},
                  {"tcp", message(package + ".Tcp", {{"maxConnectAttempts", uint32(), "most attempts to connect"}}),
                   "connections"},
                  {"grpc", grpc, "gRPC requests"}});
}

constexpr const char* empty_field = "field cannot be empty";

void validate_tries(const json& conf, const Path& path, Violations& out) {
  positive_when_defined(conf, "numRetries", path, out);
  positive_when_defined(conf, "perTryTimeout", path, out);
  if (!has(conf, "backOff")) return;
  const json& back_off = at(conf, "backOff");
  const Path here = path.at("backOff");
  if (!has(back_off, "baseInterval")) {
    out.add(here.at("baseInterval"), "has to be defined");
  } else if (is_zero_duration(back_off, "baseInterval")) {
    out.add(here.at("baseInterval"), "has to be greater than 0");
  } else {
    positive_when_defined(back_off, "maxInterval", here, out);
  }
}

void validate_http(const json& http, const Path& path, Violations& out) {
  if (http.empty()) out.add(path, empty_field);
  validate_tries(http, path, out);
  const json& methods = at(http, "retriableMethods");
  for (std::size_t i = 0; i < methods.size(); ++i) {
    if (methods[i] == "NONE") out.add(path.at("retriableMethods").at(i), empty_field);
  }
  const json& retry_on = at(http, "retryOn");
  for (std::size_t i = 0; i < retry_on.size(); ++i) {
    if (retry_on[i] == "retriable_status_codes" && !has(http, "retriableStatusCodes")) {
      out.add(path.at("retryOn").at(i), "retriableStatusCodes cannot be empty when this option is specified");
    }
  }
}

void validate_grpc(const json& grpc, const Path& path, Violations& out) {
  if (grpc.empty()) out.add(path, empty_field);
  std::map<std::string, std::vector<std::size_t>> places;
  const json& retry_on = at(grpc, "retryOn");
  for (std::size_t i = 0; i < retry_on.size(); ++i) places[retry_on[i].get<std::string>()].push_back(i);
  for (const auto& [value, indexes] : places) {
    if (indexes.size() < 2) continue;
    std::string joined;
    for (auto index : indexes) joined += (joined.empty() ? "" : ", ") + std::to_string(index);
    out.add(path.at("retryOn"), "repeated value \"" + value + "\" at indexes [" + joined + "]");
  }
  validate_tries(grpc, path, out);
}

void validate(const Resource& resource, Violations& out) {
  validate_sides(resource.spec, service_tags, only_service_tag, out);
  const Path path("conf");
  const json& conf = at(resource.spec, "conf");
  if (conf.is_null()) return out.add(path, "has to be defined");
  if (!has(conf, "http") && !has(conf, "grpc") && !has(conf, "tcp")) {
    return out.add(path, "missing protocol [grpc|http|tcp] configuration");
  }
  if (has(conf, "http")) validate_http(at(conf, "http"), path.at("http"), out);
  if (has(conf, "grpc")) validate_grpc(at(conf, "grpc"), path.at("grpc"), out);
  if (has(conf, "tcp") && !has(at(conf, "tcp"), "maxConnectAttempts")) {
    out.add(path.at("tcp.maxConnectAttempts"), "has to be greater than 0");
  }
}

}  // namespace

const Kind& kind::retry() {
  static const Kind out = [] {
    KindTable table = old_policy_table("Retry", "retry", "retries", conf());
    table.plural_text = "Retries";
    table.text = "What proxies do when a request fails (old: use MeshRetry).";
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
