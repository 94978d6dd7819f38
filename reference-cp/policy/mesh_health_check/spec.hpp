/// MeshHealthCheck's conf (Kuma docs, "Mesh Health Check").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/time.hpp"

namespace kumasim::cp::policy::mesh_health_check {

/// Of a probe's request.
struct Header {
  std::string name, value;
  bool append = false;  ///< beside values that are there; else instead of them
};

struct TcpProbe {
  bool disabled = false;
  std::optional<std::string> send;
  std::vector<std::string> receive;
};

struct HttpProbe {
  bool disabled = false;
  std::string path = "/";
  std::vector<Header> headers;
  std::vector<std::uint32_t> expected_statuses;
};

struct GrpcProbe {
  bool disabled = false;
  std::string service, authority;
};

struct Conf {
  Duration interval = std::chrono::minutes(1), timeout = std::chrono::seconds(15);
  std::uint32_t unhealthy_threshold = 5, healthy_threshold = 1;
  std::optional<Duration> initial_jitter, interval_jitter, no_traffic_interval;
  std::uint32_t interval_jitter_percent = 0;
  std::optional<double> healthy_panic_threshold;  ///< percent
  std::optional<bool> fail_traffic_on_panic, reuse_connection;
  std::optional<std::string> event_log_path;
  bool always_log_failures = false;
  std::optional<TcpProbe> tcp;
  std::optional<HttpProbe> http;
  std::optional<GrpcProbe> grpc;

  static Conf from_json(const nlohmann::json& json);
};

}  // namespace kumasim::cp::policy::mesh_health_check
