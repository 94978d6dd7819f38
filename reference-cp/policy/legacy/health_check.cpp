/// How HealthCheck becomes Envoy's active health check.
#include "reference-cp/policy/legacy/health_check.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <envoy/config/cluster/v3/cluster.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/xds/envoy/metadata.hpp"

namespace kumasim::cp::policy::legacy::health_check {
namespace {

using ::envoy::config::cluster::v3::Cluster;
using ::envoy::config::core::v3::HeaderValueOption;
using ::envoy::config::core::v3::HealthCheck;

/// Envoy takes a payload's text as hexadecimal digits; the policy has it in base64 (checked when it was stored).
std::string hexadecimal(const nlohmann::json& base64) {
  if (!base64.is_string()) return {};
  const std::string& text = base64.get_ref<const std::string&>();
  std::string bytes(text.size(), '\0');
  int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                             reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return {};
  bytes.resize(static_cast<std::size_t>(size));
  for (std::size_t i = text.size(); i > 0 && text[i - 1] == '='; --i) bytes.pop_back();
  std::string digits;
  for (unsigned char byte : bytes) digits += fmt::format("{:02x}", byte);
  return digits;
}

void fill(const nlohmann::json& tcp, HealthCheck::TcpHealthCheck& out) {
  if (tcp.contains("send")) out.mutable_send()->set_text(hexadecimal(at(tcp, "send")));
  for (const auto& block : list_at(tcp, "receive")) out.add_receive()->set_text(hexadecimal(block));
}

void fill(const nlohmann::json& http, std::string_view protocol, HealthCheck::HttpHealthCheck& out) {
  out.set_path(text_at(http, "path"));
  if (protocol == "http2") out.set_codec_client_type(::envoy::type::v3::HTTP2);
  for (const auto& header : list_at(http, "requestHeadersToAdd")) {
    auto& added = *out.add_request_headers_to_add();
    added.mutable_header()->set_key(text_at(header, "header", "key"));
    added.mutable_header()->set_value(text_at(header, "header", "value"));
    if (!flag_at(header, "append")) added.set_append_action(HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD);
  }
  for (const auto& status : list_at(http, "expectedStatuses")) {
    auto& range = *out.add_expected_statuses();
    range.set_start(status.get<std::int64_t>());
    range.set_end(status.get<std::int64_t>() + 1);
  }
}

void set_rhythm(const nlohmann::json& conf, HealthCheck& out) {
  auto duration = [&](const char* field, auto target) {
    if (auto value = duration_at(conf, field)) envoy::set_duration(*target(), *value);
  };
  duration("interval", [&] { return out.mutable_interval(); });
  duration("timeout", [&] { return out.mutable_timeout(); });
  duration("initialJitter", [&] { return out.mutable_initial_jitter(); });
  duration("intervalJitter", [&] { return out.mutable_interval_jitter(); });
  duration("noTrafficInterval", [&] { return out.mutable_no_traffic_interval(); });
  out.mutable_unhealthy_threshold()->set_value(number_at(conf, "unhealthyThreshold"));
  out.mutable_healthy_threshold()->set_value(number_at(conf, "healthyThreshold"));
  out.set_interval_jitter_percent(number_at(conf, "intervalJitterPercent"));
  out.set_event_log_path(text_at(conf, "eventLogPath"));
  out.set_always_log_health_check_failures(flag_at(conf, "alwaysLogHealthCheckFailures"));
  if (const auto& reuse = at(conf, "reuseConnection"); reuse.is_boolean())
    out.mutable_reuse_connection()->set_value(reuse.get<bool>());
}

void configure_panic(const nlohmann::json& conf, Cluster& cluster) {
  if (auto threshold = decimal_at(conf, "healthyPanicThreshold"))  // a float in Kuma's message
    cluster.mutable_common_lb_config()->mutable_healthy_panic_threshold()->set_value(static_cast<float>(*threshold));
  const auto& refuse = at(conf, "failTrafficOnPanic");
  if (!refuse.is_boolean()) return;
  auto& balancing = *cluster.mutable_common_lb_config();
  if (balancing.has_locality_weighted_lb_config()) return;  // such balancing has no refusal of traffic
  balancing.mutable_zone_aware_lb_config()->set_fail_traffic_on_panic(refuse.get<bool>());
}

}  // namespace

void configure(const Resource& policy, std::string_view protocol, Cluster& cluster) {
  const nlohmann::json& conf = at(policy.spec, "conf");
  if (!conf.is_object()) return;
  configure_panic(conf, cluster);
  HealthCheck& check = *cluster.add_health_checks();
  set_rhythm(conf, check);
  if (const auto& http = at(conf, "http"); http.is_object())
    fill(http, protocol, *check.mutable_http_health_check());
  else
    fill(at(conf, "tcp"), *check.mutable_tcp_health_check());
}

}  // namespace kumasim::cp::policy::legacy::health_check
