/// MeshRetry's conf from JSON.
#include "reference-cp/policy/mesh_retry/spec.hpp"

#include "reference-cp/policy/conf_read.hpp"

namespace kumasim::cp::policy::mesh_retry {
namespace {

void read(const nlohmann::json& json, Retries& retries) {
  retries.count = optional_number_at(json, "numRetries");
  retries.per_try_timeout = duration_at(json, "perTryTimeout");
  if (const auto& back_off = at(json, "backOff"); back_off.is_object())
    retries.back_off = {duration_at(back_off, "baseInterval"), duration_at(back_off, "maxInterval")};
  if (const auto& limited = at(json, "rateLimitedBackOff"); limited.is_object()) {
    retries.rate_limited_back_off = {{}, duration_at(limited, "maxInterval")};
    for (const auto& header : list_at(limited, "resetHeaders"))
      retries.rate_limited_back_off->reset_headers.push_back(
          {text_at(header, "name"), text_at(header, "format") == "UnixTimestamp"});
  }
  for (const auto& each : list_at(json, "retryOn"))
    if (each.is_string()) retries.retry_on.push_back(each.get<std::string>());
}

HostSelection host_selection(const nlohmann::json& json) {
  HostSelection selection;
  std::string predicate = text_at(json, "predicate");
  if (predicate == "OmitHostsWithTags") selection.predicate = Predicate::omit_hosts_with_tags;
  if (predicate == "OmitPreviousPriorities") selection.predicate = Predicate::omit_previous_priorities;
  selection.tags = tags_of(at(json, "tags"));
  selection.update_frequency = optional_number_at<std::int32_t>(json, "updateFrequency").value_or(0);
  return selection;
}

}  // namespace

Conf Conf::from_json(const nlohmann::json& json) {
  Conf conf;
  conf.tcp_connect_attempts_max = optional_number_at(at(json, "tcp"), "maxConnectAttempt");
  if (const auto& http = at(json, "http"); http.is_object()) {
    read(http, conf.http.emplace());
    conf.http->response_headers = HeaderMatch::list_from_json(at(http, "retriableResponseHeaders"));
    conf.http->request_headers = HeaderMatch::list_from_json(at(http, "retriableRequestHeaders"));
    if (at(http, "hostSelection").is_array()) {
      conf.http->host_selection.emplace();
      for (const auto& each : at(http, "hostSelection")) conf.http->host_selection->push_back(host_selection(each));
    }
    conf.http->host_selection_attempts_max = optional_number_at<std::int64_t>(http, "hostSelectionMaxAttempts");
  }
  if (const auto& grpc = at(json, "grpc"); grpc.is_object()) read(grpc, conf.grpc.emplace());
  return conf;
}

}  // namespace kumasim::cp::policy::mesh_retry
