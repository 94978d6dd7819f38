/// MeshHealthCheck's conf from JSON.
#include "reference-cp/policy/mesh_health_check/spec.hpp"

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/header_values.hpp"

namespace kumasim::cp::policy::mesh_health_check {
namespace {

std::optional<bool> optional_flag_at(const nlohmann::json& json, const char* key) {
  const nlohmann::json& value = at(json, key);
  return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
}

TcpProbe read_tcp(const nlohmann::json& json) {
  TcpProbe probe{.disabled = flag_at(json, "disabled"), .send = optional_text_at(json, "send"), .receive = {}};
  for (const auto& block : list_at(json, "receive"))
    if (block.is_string()) probe.receive.push_back(block.get<std::string>());
  return probe;
}

HttpProbe read_http(const nlohmann::json& json) {
  HttpProbe probe;
  probe.disabled = flag_at(json, "disabled");
  if (auto path = optional_text_at(json, "path")) probe.path = *path;
  const nlohmann::json& headers = at(json, "requestHeadersToAdd");
  for (const char* list : {"add", "set"})
    for (const auto& header : list_at(headers, list))
      for (std::string& value : header_values(text_at(header, "value")))
        probe.headers.push_back({text_at(header, "name"), std::move(value), list == std::string_view("add")});
  for (const auto& status : list_at(json, "expectedStatuses"))
    if (status.is_number()) probe.expected_statuses.push_back(status.get<std::uint32_t>());
  return probe;
}

}  // namespace

Conf Conf::from_json(const nlohmann::json& json) {
  Conf conf;
  conf.interval = duration_at(json, "interval").value_or(conf.interval);
  conf.timeout = duration_at(json, "timeout").value_or(conf.timeout);
  conf.unhealthy_threshold = optional_number_at(json, "unhealthyThreshold").value_or(conf.unhealthy_threshold);
  conf.healthy_threshold = optional_number_at(json, "healthyThreshold").value_or(conf.healthy_threshold);
  conf.initial_jitter = duration_at(json, "initialJitter");
  conf.interval_jitter = duration_at(json, "intervalJitter");
  conf.no_traffic_interval = duration_at(json, "noTrafficInterval");
  conf.interval_jitter_percent = number_at(json, "intervalJitterPercent");
  conf.healthy_panic_threshold = decimal_at(json, "healthyPanicThreshold");
  conf.fail_traffic_on_panic = optional_flag_at(json, "failTrafficOnPanic");
  conf.reuse_connection = optional_flag_at(json, "reuseConnection");
  conf.event_log_path = optional_text_at(json, "eventLogPath");
  conf.always_log_failures = flag_at(json, "alwaysLogHealthCheckFailures");
  if (const auto& tcp = at(json, "tcp"); tcp.is_object()) conf.tcp = read_tcp(tcp);
  if (const auto& http = at(json, "http"); http.is_object()) conf.http = read_http(http);
  if (const auto& grpc = at(json, "grpc"); grpc.is_object())
    conf.grpc = GrpcProbe{flag_at(grpc, "disabled"), text_at(grpc, "serviceName"), text_at(grpc, "authority")};
  return conf;
}

}  // namespace kumasim::cp::policy::mesh_health_check
