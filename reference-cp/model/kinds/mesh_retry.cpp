/// MeshRetry: how often and when a failed request or connection is tried again.
#include <array>

#include "reference-cp/model/duration.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/rules/http.hpp"
#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

constexpr std::array<std::string_view, 17> http_conditions = {"5xx",
                                                              "GatewayError",
                                                              "Reset",
                                                              "Retriable4xx",
                                                              "ConnectFailure",
                                                              "EnvoyRatelimited",
                                                              "RefusedStream",
                                                              "Http3PostConnectFailure",
                                                              "HttpMethodConnect",
                                                              "HttpMethodDelete",
                                                              "HttpMethodGet",
                                                              "HttpMethodHead",
                                                              "HttpMethodOptions",
                                                              "HttpMethodPatch",
                                                              "HttpMethodPost",
                                                              "HttpMethodPut",
                                                              "HttpMethodTrace"};

SchemaPtr back_off() {
  return object({
      {"baseInterval", duration(), "first pause between tries"},
      {"maxInterval", duration(), "longest pause between tries"},
  });
}

SchemaPtr rate_limited_back_off() {
  return object({
      {"resetHeaders",
       list(object({
           required({"name", header_name_schema(), "the header"}),
           required({"format", enumeration({"Seconds", "UnixTimestamp"}), "what its value means"}),
       })),
       "headers that say when to try again"},
      {"maxInterval", duration(), "longest pause that a header may ask for"},
  });
}

SchemaPtr http() {
  SchemaPtr predicate = object({
      required(
          {"predicate", enumeration({"OmitPreviousHosts", "OmitHostsWithTags", "OmitPreviousPriorities"}), "the rule"}),
      {"tags", map(string()), "tags of hosts to leave out"},
      fallback({"updateFrequency", int32(), "tries after which priorities are chosen again"}, 2),
  });
  return object({
      {"numRetries", uint32(), "tries after the first"},
      {"perTryTimeout", duration(), "time for one try"},
      {"backOff", back_off(), "pauses between tries"},
      {"rateLimitedBackOff", rate_limited_back_off(), "pauses that the server asks for"},
      {"retryOn", list(string()), "what is tried again"},
      {"retriableResponseHeaders", list(header_match_schema()), "responses that are tried again"},
      {"retriableRequestHeaders", list(header_match_schema()), "requests that may be tried again"},
      {"hostSelection", list(predicate), "hosts that a further try leaves out"},
      {"hostSelectionMaxAttempts", int64(), "how often another host is looked for"},
  });
}

SchemaPtr grpc() {
  return object({
      {"numRetries", uint32(), "tries after the first"},
      {"perTryTimeout", duration(), "time for one try"},
      {"backOff", back_off(), "pauses between tries"},
      {"rateLimitedBackOff", rate_limited_back_off(), "pauses that the server asks for"},
      {"retryOn", list(enumeration({"Canceled", "DeadlineExceeded", "Internal", "ResourceExhausted", "Unavailable"})),
       "what is tried again"},
  });
}

void validate_pauses(const json& conf, const Path& path, Violations& out) {
  if (has(conf, "backOff")) {
    const json& back = at(conf, "backOff");
    if (!has(back, "baseInterval") && !has(back, "maxInterval")) out.add(path.at("backOff"), "must not be empty");
  }
  if (!has(conf, "rateLimitedBackOff")) return;
  const json& limited = at(conf, "rateLimitedBackOff");
  Path at_limited = path.at("rateLimitedBackOff");
  if (has(limited, "maxInterval")) {
    auto value = parse_duration(text_at(limited, "maxInterval"));
    if (value && value->count() <= 0) out.add(at_limited.at("maxInterval"), "must be defined and greater than zero");
  }
  if (!has(limited, "resetHeaders")) out.add(at_limited.at("resetHeaders"), "must be defined");
}

void validate_hosts(const json& predicates, const Path& path, Violations& out) {
  bool priorities = false;
  for (std::size_t i = 0; i < predicates.size(); ++i) {
    std::string predicate = text_at(predicates[i], "predicate");
    if (predicate == "OmitHostsWithTags" && !has(predicates[i], "tags"))
      out.add(path.at(i).at("tags"), "must be defined");
    if (predicate != "OmitPreviousPriorities") continue;
    if (priorities) out.add(path.at(i).at("predicate"), predicate + " must only be specified once");
    if (at(predicates[i], "updateFrequency") <= 0) {
      out.add(path.at(i).at("updateFrequency"), "must be defined and greater than zero");
    }
    priorities = true;
  }
}

bool any_of(const json& object, std::initializer_list<const char*> fields) {
  for (const char* field : fields) {
    if (has(object, field)) return true;
  }
  return false;
}

void validate_http(const json& conf, const Path& path, Violations& out) {
  if (!any_of(conf, {"numRetries", "perTryTimeout", "backOff", "retryOn", "retriableRequestHeaders",
                     "retriableResponseHeaders", "rateLimitedBackOff", "hostSelection"})) {
    out.add(path, "must not be empty");
  }
  validate_pauses(conf, path, out);
  const json& conditions = at(conf, "retryOn");
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    std::string condition = conditions[i].get<std::string>();
    if (std::ranges::find(http_conditions, condition) == http_conditions.end() && !is_http_status(condition)) {
      out.add(path.at("retryOn").at(i), "unknown item '" + condition + "'");
    }
  }
  validate_hosts(at(conf, "hostSelection"), path.at("hostSelection"), out);
}

void validate_default(const json& conf, const Path& path, Violations& out) {
  if (!any_of(conf, {"tcp", "http", "grpc"}))
    out.add(path, "at least one of the 'tcp', 'http', 'grpc' must be specified");
  if (has(conf, "tcp")) {
    const json& tcp = at(conf, "tcp");
    if (!has(tcp, "maxConnectAttempt")) out.add(path.at("tcp"), "must not be empty");
    if (at(tcp, "maxConnectAttempt") == 0) out.add(path.at("tcp").at("maxConnectAttempt"), "must be greater than 0");
  }
  if (has(conf, "http")) validate_http(at(conf, "http"), path.at("http"), out);
  if (has(conf, "grpc")) {
    const json& grpc = at(conf, "grpc");
    if (!any_of(grpc, {"numRetries", "perTryTimeout", "backOff", "retryOn", "rateLimitedBackOff"})) {
      out.add(path.at("grpc"), "must not be empty");
    }
    validate_pauses(grpc, path.at("grpc"), out);
  }
}

void validate(const Resource& resource, Violations& out) {
  const Path path("spec");
  TargetRefRules rules{.kinds = {"Mesh", "MeshSubset", "MeshService", "MeshServiceSubset", "Dataplane"}};
  if (is_system_policy(resource)) {
    rules.kinds.insert(rules.kinds.end(), {"MeshGateway", "MeshHTTPRoute"});
    rules.gateway_listener_tags = true;
  }
  validate_top_level(resource, rules, out);
  const json& to = at(resource.spec, "to");
  if (to.empty()) out.add(path.at("to"), "needs at least one item");
  std::string top = top_level_kind(resource.spec);
  std::vector<std::string> kinds = {"Mesh", "MeshService", "MeshExternalService", "MeshMultiZoneService",
                                    "MeshHTTPRoute"};
  if (top == "MeshGateway" || top == "MeshHTTPRoute") kinds = {"Mesh", "MeshExternalService"};
  for (std::size_t i = 0; i < to.size(); ++i) {
    Path item = path.at("to").at(i);
    validate_target_ref(at(to[i], "targetRef"), {.kinds = kinds}, item.at("targetRef"), out);
    // Kuma inserts "conf" into these paths.
    validate_default(at(to[i], "default"), item.at("default").at("conf"), out);
  }
}

}  // namespace

const Kind& kind::mesh_retry() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshRetry", "meshretry", "meshretries", "mr");
    table.text = "When failed requests and connections are tried again.";
    table.has_to = true;
    SchemaPtr conf = object({
        {"tcp", object({{"maxConnectAttempt", uint32(), "tries of a connection"}}), "retries of TCP connections"},
        {"http", http(), "retries of HTTP requests"},
        {"grpc", grpc(), "retries of gRPC calls"},
    });
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        {"to", target_list_schema(conf, "the destination"), "retries of outbound traffic"},
    });
    table.validate = validate;
    table.warn = warn_top_level;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
