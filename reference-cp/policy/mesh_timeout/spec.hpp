/// MeshTimeout's conf (Kuma docs, "Mesh Timeout").
#pragma once

#include <optional>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/time.hpp"

namespace kumasim::cp::policy::mesh_timeout {

/// Absent fields take the defaults below, which differ by where the conf is applied; 0 disables.
struct Conf {
  std::optional<Duration> connection, idle;
  std::optional<Duration> request, stream_idle, max_stream, max_connection, request_headers;  ///< of HTTP

  static Conf from_json(const nlohmann::json& json);
};

inline constexpr Duration connection_default = std::chrono::seconds(5);
inline constexpr Duration idle_default = std::chrono::hours(1);
inline constexpr Duration stream_idle_default = std::chrono::minutes(30);
inline constexpr Duration request_default = std::chrono::seconds(15);
inline constexpr Duration disabled = Duration::zero();  ///< max stream, max connection, request headers
/// Of a builtin gateway towards its clients.
inline constexpr Duration gateway_idle_default = std::chrono::minutes(5);
inline constexpr Duration gateway_stream_idle_default = std::chrono::seconds(5);
inline constexpr Duration gateway_request_headers_default = std::chrono::milliseconds(500);

}  // namespace kumasim::cp::policy::mesh_timeout
