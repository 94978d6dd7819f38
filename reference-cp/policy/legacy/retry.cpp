/// How Retry becomes retry policies.
#include "reference-cp/policy/legacy/retry.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include <envoy/config/listener/v3/listener_components.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/xds/envoy/metadata.hpp"

namespace kumasim::cp::policy::legacy::retry {
namespace {

using ::envoy::config::route::v3::RetryPolicy;

constexpr const char* http_default = "gateway-error,connect-failure,refused-stream";
constexpr const char* grpc_default =
    "cancelled,connect-failure,gateway-error,refused-stream,reset,resource-exhausted,unavailable";
constexpr std::string_view status_codes = "retriable-status-codes";

/// Kuma's words have underscores, and no digit in front.
std::string envoy_conditions(const nlohmann::json& words) {
  std::string conditions;
  for (const auto& each : words) {
    std::string word = each.get<std::string>();
    if (word == "all_5xx") word = "5xx";
    std::ranges::replace(word, '_', '-');
    conditions += (conditions.empty() ? "" : ",") + word;
  }
  return conditions;
}

bool has_condition(std::string_view conditions, std::string_view wanted) {
  for (;;) {
    auto comma = conditions.find(',');
    if (conditions.substr(0, comma) == wanted) return true;
    if (comma == std::string_view::npos) return false;
    conditions.remove_prefix(comma + 1);
  }
}

RetryPolicy common(const nlohmann::json& conf, const char* conditions_default) {
  RetryPolicy out;
  std::string conditions = envoy_conditions(list_at(conf, "retryOn"));
  out.set_retry_on(conditions.empty() ? conditions_default : conditions);
  if (auto timeout = duration_at(conf, "perTryTimeout"))
    envoy::set_duration(*out.mutable_per_try_timeout(), *timeout);
  if (auto retries = optional_number_at(conf, "numRetries")) out.mutable_num_retries()->set_value(*retries);
  if (const auto& back_off = at(conf, "backOff"); back_off.is_object()) {
    auto& waits = *out.mutable_retry_back_off();
    if (auto base = duration_at(back_off, "baseInterval"))
      envoy::set_duration(*waits.mutable_base_interval(), *base);
    if (auto most = duration_at(back_off, "maxInterval")) envoy::set_duration(*waits.mutable_max_interval(), *most);
  }
  return out;
}

RetryPolicy http(const nlohmann::json& conf) {
  RetryPolicy out = common(conf, http_default);
  for (const auto& code : list_at(conf, "retriableStatusCodes"))
    out.add_retriable_status_codes(code.get<std::uint32_t>());
  if (out.retriable_status_codes_size() > 0 && !has_condition(out.retry_on(), status_codes))
    out.set_retry_on(out.retry_on() + "," + std::string(status_codes));
  for (const auto& method : list_at(conf, "retriableMethods")) {
    if (method == "NONE") continue;
    auto& header = *out.add_retriable_request_headers();
    header.set_name(":method");
    header.mutable_string_match()->set_exact(method.get<std::string>());
  }
  return out;
}

}  // namespace

void configure(const Resource& policy, std::string_view protocol, Hcm& manager) {
  if (protocol != "http" && protocol != "grpc") return;
  const nlohmann::json& conf = at(policy.spec, "conf", protocol == "http" ? "http" : "grpc");
  if (!conf.is_object()) return;
  RetryPolicy retries = protocol == "http" ? http(conf) : common(conf, grpc_default);
  for (auto& host : *manager.mutable_route_config()->mutable_virtual_hosts()) *host.mutable_retry_policy() = retries;
}

void configure(const Resource& policy, ::envoy::config::listener::v3::FilterChain& chain) {
  const nlohmann::json& conf = at(policy.spec, "conf", "tcp");
  if (!conf.is_object()) return;
  change_tcp_proxy(chain, [&](TcpProxy& proxy) {
    proxy.mutable_max_connect_attempts()->set_value(number_at(conf, "maxConnectAttempts"));
  });
}

}  // namespace kumasim::cp::policy::legacy::retry
