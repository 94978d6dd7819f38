/// A cluster and a load assignment, compiled: what the load balancer and the connection pools work on.
#pragma once

#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kumasim/runtime/time.hpp"
#include "sim/envoy/config/metadata.hpp"
#include "sim/envoy/config/tls_context.hpp"

namespace envoy::config::cluster::v3 {
class Cluster;
}
namespace envoy::config::endpoint::v3 {
class ClusterLoadAssignment;
}

namespace kumasim::sim::proxy {

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  bool pipe = false;
  std::string text;  ///< host:port
  std::uint32_t weight = 1;
  bool healthy = true;
  bool degraded = false;         ///< healthy, but only for what others cannot take
  bool draining = false;         ///< unhealthy, and no part of a share of healthy hosts
  bool unchecked = false;        ///< the cluster's health checks leave it out
  std::uint16_t check_port = 0;  ///< where it is checked; zero: at `port`
  std::string check_host;        ///< the Host header of its checks; empty: the check's own
  Labels labels;                 ///< envoy.lb
  Labels socket_labels;          ///< envoy.transport_socket_match
};

struct Locality {
  std::string name;  ///< region/zone/sub_zone
  std::uint32_t weight = 0;
  std::uint32_t priority = 0;
  std::vector<Endpoint> endpoints;
};

struct LoadAssignment {
  std::string cluster;
  std::vector<Locality> localities;
  std::uint32_t overprovisioning_percent = 140;

  /// `resolved` clusters take host names, the others IP addresses only.
  static Checked<std::shared_ptr<const LoadAssignment>> compile(
      const ::envoy::config::endpoint::v3::ClusterLoadAssignment& in, bool resolved);
};
using LoadAssignmentPtr = std::shared_ptr<const LoadAssignment>;

struct SubsetSelector {
  enum class Fallback : std::uint8_t { not_defined, none, any_endpoint, default_subset };
  std::set<std::string> keys;
  Fallback fallback = Fallback::not_defined;
};

struct SocketMatch {
  std::string name;
  Labels match;
  std::optional<TlsContext> tls;  ///< none: plain
};

/// Envoy's defaults. What is enforced by 0 % is detected only; volumes are requests of one interval.
struct OutlierDetection {
  Duration interval = std::chrono::seconds(10);
  Duration base_ejection = std::chrono::seconds(30);
  Duration max_ejection = std::chrono::seconds(300);
  std::uint32_t max_ejection_percent = 10;
  bool always_one = false;    ///< one host may be ejected whatever the share
  bool split = false;         ///< failures of local origin are counted by themselves
  bool check_returns = true;  ///< a health check that passes takes an ejected host back
  std::uint32_t consecutive_5xx = 5, enforcing_5xx = 100;
  std::uint32_t consecutive_gateway = 5, enforcing_gateway = 0;
  std::uint32_t consecutive_local = 5, enforcing_local = 100;
  std::uint32_t success_hosts_min = 5, success_volume = 100, success_stdev_thousandths = 1900;
  std::uint32_t enforcing_success = 100, enforcing_local_success = 100;
  std::uint32_t failure_threshold = 85, failure_hosts_min = 5, failure_volume = 50;
  std::uint32_t enforcing_failure = 0, enforcing_local_failure = 0;
};

struct HealthCheck;

struct Cluster {
  enum class Type : std::uint8_t { fixed, strict_dns, logical_dns, eds, original_dst };
  enum class Lb : std::uint8_t { round_robin, least_request, random, ring_hash, maglev, provided };

  std::string name;
  Type type = Type::fixed;
  Lb lb = Lb::round_robin;
  std::uint32_t choice_count = 2;
  double active_request_bias = 1;  ///< of least request with unequal weights
  std::uint64_t ring_size_min = 1024, ring_size_max = 8u << 20;
  bool murmur = false;  ///< hash of a ring; else XXH64
  std::uint64_t maglev_size = 65537;
  std::string eds_name;                 ///< the load assignment it asks for
  std::optional<Duration> eds_timeout;  ///< initial_fetch_timeout; none: Envoy's 15 s; zero: for ever
  LoadAssignmentPtr assignment;
  Duration connect_timeout = std::chrono::seconds(5);
  bool http2 = false;
  bool follow_downstream = false;  ///< use_downstream_protocol_config
  Duration idle_timeout = std::chrono::hours(1);
  Duration connection_duration_max = {}, stream_duration_max = {};  ///< zero: none
  std::uint64_t requests_per_connection_max = 0;
  std::uint64_t connections_max = 1024, pending_max = 1024, requests_max = 1024, retries_max = 3;
  std::uint64_t pools_max = std::numeric_limits<std::uint64_t>::max();  ///< hosts with connections for requests
  std::uint32_t panic_percent = 50;
  bool fail_in_panic = false;  ///< calls fail where else all hosts would be used; not with consistent hashing
  bool locality_weighted = false;
  std::optional<TlsContext> tls;
  std::vector<SocketMatch> socket_matches;
  std::optional<OutlierDetection> outlier;
  std::shared_ptr<const HealthCheck> health_check;  ///< null: hosts are not checked
  bool leaves_at_once = false;                      ///< a host that discovery takes away goes though its checks pass
  bool wait_for_check = false;                      ///< a host is no part of the cluster's size before its first check
  std::vector<SubsetSelector> subsets;
  SubsetSelector::Fallback subset_fallback = SubsetSelector::Fallback::none;
  Labels default_subset;
  std::set<std::string> secrets;

  static Checked<std::shared_ptr<const Cluster>> compile(const ::envoy::config::cluster::v3::Cluster& in,
                                                         CertificateStore& store);
};
using ClusterPtr = std::shared_ptr<const Cluster>;

}  // namespace kumasim::sim::proxy
