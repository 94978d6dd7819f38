/// Envoy's retry policy with Kuma's defaults and words (Kuma docs, "Mesh Retry").
#include "reference-cp/policy/mesh_retry/retry_policy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include <envoy/config/core/v3/base.pb.h>
#include <envoy/config/route/v3/route_components.pb.h>
#include <envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.pb.h>
#include <envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config.pb.h>
#include <google/protobuf/struct.pb.h>

#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/policy/mesh_retry/spec.hpp"
#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::policy::mesh_retry {
namespace {

using ::envoy::config::route::v3::RetryPolicy;

constexpr const char* http_default = "gateway-error,connect-failure,refused-stream";
constexpr const char* grpc_default =
    "cancelled,connect-failure,gateway-error,refused-stream,reset,resource-exhausted,unavailable";
constexpr const char* retriable_status_codes = "retriable-status-codes";
constexpr Duration base_interval_default = std::chrono::milliseconds(25);

struct Word {
  std::string_view kuma, envoy;
};
constexpr std::array<Word, 13> words = {{
    {"5xx", "5xx"},
    {"GatewayError", "gateway-error"},
    {"Reset", "reset"},
    {"Retriable4xx", "retriable-4xx"},
    {"ConnectFailure", "connect-failure"},
    {"EnvoyRatelimited", "envoy-ratelimited"},
    {"RefusedStream", "refused-stream"},
    {"Http3PostConnectFailure", "http3-post-connect-failure"},
    {"Canceled", "canceled"},
    {"DeadlineExceeded", "deadline-exceeded"},
    {"Internal", "internal"},
    {"ResourceExhausted", "resource-exhausted"},
    {"Unavailable", "unavailable"},
}};

std::string envoy_word(std::string_view kuma) {
  auto word = std::ranges::find(words, kuma, &Word::kuma);
  return word == words.end() ? std::string() : std::string(word->envoy);
}

void join(std::string& list, const std::string& word) { list += (list.empty() ? "" : ",") + word; }

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = char(c - 'a' + 'A');
  return out;
}

std::optional<std::uint32_t> status_code(std::string_view text) {
  std::uint32_t code = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return code;
}

/// Status codes and methods have fields of their own; what is left is Envoy's list of conditions.
void set_retry_on(RetryPolicy& policy, const std::vector<std::string>& retry_on) {
  std::string conditions;
  std::vector<std::string> methods;
  for (const std::string& each : retry_on) {
    if (auto code = status_code(each)) {
      policy.add_retriable_status_codes(*code);
    } else if (each.starts_with("HttpMethod")) {
      methods.push_back(upper(std::string_view(each).substr(10)));
    } else {
      join(conditions, envoy_word(each));
    }
  }
  if (!conditions.empty()) policy.set_retry_on(conditions);
  if (policy.retriable_status_codes_size() > 0) {
    std::string list = policy.retry_on();
    join(list, retriable_status_codes);
    policy.set_retry_on(list);
  }
  for (const std::string& method : methods) {
    auto& header = *policy.add_retriable_request_headers();
    header.set_name(":method");
    header.mutable_string_match()->set_exact(method);
  }
}

void set_common(RetryPolicy& policy, const Retries& retries) {
  if (retries.per_try_timeout) envoy::set_duration(*policy.mutable_per_try_timeout(), *retries.per_try_timeout);
  if (retries.count) policy.mutable_num_retries()->set_value(*retries.count);
  if (retries.back_off) {
    auto& back_off = *policy.mutable_retry_back_off();
    if (retries.back_off->base) envoy::set_duration(*back_off.mutable_base_interval(), *retries.back_off->base);
    if (retries.back_off->max) envoy::set_duration(*back_off.mutable_max_interval(), *retries.back_off->max);
  }
  if (retries.rate_limited_back_off) {
    auto& back_off = *policy.mutable_rate_limited_retry_back_off();
    for (const ResetHeader& header : retries.rate_limited_back_off->reset_headers) {
      auto& reset = *back_off.add_reset_headers();
      reset.set_name(header.name);
      reset.set_format(header.unix_timestamp ? RetryPolicy::UNIX_TIMESTAMP : RetryPolicy::SECONDS);
    }
    if (retries.rate_limited_back_off->max)
      envoy::set_duration(*back_off.mutable_max_interval(), *retries.rate_limited_back_off->max);
  }
}

/// OmitHostMetadataConfig has one field, the metadata, as number 1; it is written without its generated class.
std::string omit_host_metadata(const Tags& tags) {
  ::envoy::config::core::v3::Metadata metadata;
  for (const auto& [key, value] : tags) {
    if (key == "kuma.io/service") continue;
    auto& fields = *(*metadata.mutable_filter_metadata())["envoy.lb"].mutable_fields();
    fields[key].set_string_value(value);
  }
  if (metadata.filter_metadata().empty()) return {};
  std::string body = deterministic_bytes(metadata), out = "\x0a";
  for (std::size_t size = body.size();; size >>= 7) {
    out += char(size >= 0x80 ? (size & 0x7f) | 0x80 : size);
    if (size < 0x80) return out + body;
  }
}

void set_host_selection(RetryPolicy& policy, const std::vector<HostSelection>& selections) {
  for (const HostSelection& selection : selections) {
    switch (selection.predicate) {
      case Predicate::omit_previous_hosts: {
        auto& predicate = *policy.add_retry_host_predicate();
        predicate.set_name("envoy.retry_host_predicates.previous_hosts");
        pack(::envoy::extensions::retry::host::previous_hosts::v3::PreviousHostsPredicate(),
             *predicate.mutable_typed_config());
        break;
      }
      case Predicate::omit_hosts_with_tags: {
        auto& predicate = *policy.add_retry_host_predicate();
        predicate.set_name("envoy.retry_host_predicates.omit_host_metadata");
        auto& any = *predicate.mutable_typed_config();
        any.set_type_url(
            "type.googleapis.com/envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig");
        any.set_value(omit_host_metadata(selection.tags));
        break;
      }
      case Predicate::omit_previous_priorities: {
        ::envoy::extensions::retry::priority::previous_priorities::v3::PreviousPrioritiesConfig config;
        config.set_update_frequency(selection.update_frequency);
        policy.mutable_retry_priority()->set_name("envoy.retry_priorities.previous_priorities");
        pack(config, *policy.mutable_retry_priority()->mutable_typed_config());
        break;
      }
    }
  }
}

RetryPolicy http_policy(const Http& http) {
  RetryPolicy policy;
  policy.set_retry_on(http_default);
  set_common(policy, http);
  set_retry_on(policy, http.retry_on);
  for (const HeaderMatch& header : http.request_headers) header.fill(*policy.add_retriable_request_headers());
  for (const HeaderMatch& header : http.response_headers) header.fill(*policy.add_retriable_headers());
  if (http.host_selection) set_host_selection(policy, *http.host_selection);
  if (http.host_selection_attempts_max) policy.set_host_selection_retry_max_attempts(*http.host_selection_attempts_max);
  return policy;
}

RetryPolicy grpc_policy(const Retries& grpc) {
  RetryPolicy policy;
  std::string conditions;
  for (const std::string& each : grpc.retry_on) join(conditions, envoy_word(each));
  policy.set_retry_on(conditions.empty() ? grpc_default : conditions);
  set_common(policy, grpc);
  if (grpc.back_off && !grpc.back_off->base)
    envoy::set_duration(*policy.mutable_retry_back_off()->mutable_base_interval(), base_interval_default);
  return policy;
}

}  // namespace

std::optional<RetryPolicy> retry_policy(const Conf& conf, std::string_view protocol) {
  if (protocol == "http" && conf.http && conf.http->count != 0u) return http_policy(*conf.http);
  if (protocol == "grpc" && conf.grpc && conf.grpc->count != 0u) return grpc_policy(*conf.grpc);
  return std::nullopt;
}

}  // namespace kumasim::cp::policy::mesh_retry
