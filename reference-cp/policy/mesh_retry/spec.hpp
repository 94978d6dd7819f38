/// MeshRetry's conf (Kuma docs, "Mesh Retry").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/time.hpp"
#include "reference-cp/policy/header_match.hpp"
#include "reference-cp/xds/endpoint.hpp"

namespace kumasim::cp::policy::mesh_retry {

struct BackOff {
  std::optional<Duration> base, max;
};

struct ResetHeader {
  std::string name;
  bool unix_timestamp = false;  ///< else seconds
};

struct RateLimitedBackOff {
  std::vector<ResetHeader> reset_headers;
  std::optional<Duration> max;
};

/// What HTTP and gRPC have in common.
struct Retries {
  std::optional<std::uint32_t> count;  ///< 0: no retries are configured at all
  std::optional<Duration> per_try_timeout;
  std::optional<BackOff> back_off;
  std::optional<RateLimitedBackOff> rate_limited_back_off;
  std::vector<std::string> retry_on;  ///< Kuma's words ("GatewayError", "503", "HttpMethodGet")
};

enum class Predicate { omit_previous_hosts, omit_hosts_with_tags, omit_previous_priorities };

struct HostSelection {
  Predicate predicate = Predicate::omit_previous_hosts;
  Tags tags;
  std::int32_t update_frequency = 0;
};

struct Http : Retries {
  std::vector<HeaderMatch> response_headers, request_headers;
  std::optional<std::vector<HostSelection>> host_selection;
  std::optional<std::int64_t> host_selection_attempts_max;
};

struct Conf {
  std::optional<std::uint32_t> tcp_connect_attempts_max;
  std::optional<Http> http;
  std::optional<Retries> grpc;

  static Conf from_json(const nlohmann::json& json);
};

}  // namespace kumasim::cp::policy::mesh_retry
