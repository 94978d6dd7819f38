/// A cluster's active health check, compiled: what is sent, what passes, and how often.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kumasim/runtime/time.hpp"
#include "sim/envoy/config/checked.hpp"
#include "sim/envoy/config/header_edits.hpp"

namespace envoy::config::cluster::v3 {
class Cluster;
}

namespace kumasim::sim::proxy {

/// Durations are whole milliseconds, as Envoy counts them.
struct HealthCheck {
  enum class Kind : std::uint8_t { http, tcp, grpc };
  using Statuses = std::vector<std::pair<std::int64_t, std::int64_t>>;  ///< from the first to before the second

  Kind kind = Kind::tcp;
  Duration timeout = {}, interval = {};
  /// In place of `interval` while the cluster has had no connection, for a host that passes and for others.
  Duration no_traffic_healthy = {}, no_traffic = {};
  Duration unhealthy = {};                          ///< in place of `interval`, of a host that fails
  Duration healthy_edge = {}, unhealthy_edge = {};  ///< while results say otherwise, but not often enough
  Duration initial_jitter = {}, interval_jitter = {};
  std::uint32_t interval_jitter_percent = 0;
  std::uint32_t unhealthy_threshold = 1, healthy_threshold = 1;
  bool reuse_connection = true;

  std::string host;  ///< of http and grpc; empty: the cluster's name
  std::string method = "GET", path;
  HeaderEdits headers;
  Statuses expected = {{200, 201}};
  Statuses retriable;                ///< count by the threshold; other unexpected ones fail the host at once
  std::string send;                  ///< of tcp and http
  std::vector<std::string> receive;  ///< what an answer has, in this order; tcp: empty: a connection is enough
  std::string service;               ///< of grpc; empty: the server as a whole

  bool expects(int status) const { return among(expected, status); }
  bool retries(int status) const { return among(retriable, status); }
  bool passes(const std::string& body) const;

  /// Null: the cluster has none. Texts are as Envoy's.
  static Checked<std::shared_ptr<const HealthCheck>> compile(const ::envoy::config::cluster::v3::Cluster& in,
                                                             bool http2);

 private:
  static bool among(const Statuses& ranges, std::int64_t status);
};
using HealthCheckPtr = std::shared_ptr<const HealthCheck>;

}  // namespace kumasim::sim::proxy
