/// A cluster at run time in one proxy: hosts, subsets, connection pools' contents, circuit breakers, outlier detection.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/envoy/config/state.hpp"
#include "sim/envoy/data/balancer.hpp"
#include "sim/envoy/data/fabric.hpp"

namespace kumasim::sim::proxy {

class HealthChecker;
class HttpStream;
class Upstream;
class UpstreamHost;
using UpstreamPtr = std::shared_ptr<Upstream>;
using UpstreamHostPtr = std::shared_ptr<UpstreamHost>;

/// One try of a stream at one host.
struct Attempt {
  std::shared_ptr<HttpStream> stream;
  UpstreamPtr upstream;
  UpstreamHostPtr host;
  ExchangePtr exchange;  ///< once it is sent
  EventRef try_timer, stream_timer;
  bool waiting = false;  ///< among the host's pending
  bool sent = false;     ///< counts in the cluster's requests and in the host's
};
using AttemptPtr = std::shared_ptr<Attempt>;

class UpstreamHost : public Host {
 public:
  std::vector<WirePtr> wires;      ///< open or being opened
  std::deque<AttemptPtr> pending;  ///< wait for a connection
  std::weak_ptr<Upstream> upstream;
  bool removed = false;
  bool leaving = false;  ///< discovery has taken it away, and it stays until its health checks fail
};

/// The outcome of a health check. `changed`: of what the balancer goes by.
struct CheckResult {
  bool passed = false;
  bool changed = false;
};

/// Made anew when the cluster's configuration changes; endpoints come and go within it.
class Upstream {
 public:
  Upstream(const ClusterState& state, Stats& stats, MonotonicTime now, Random& random);
  ~Upstream();

  const Cluster& config() const { return *config_; }
  const ClusterPtr& config_ptr() const { return config_; }
  const std::string& version() const { return version_; }
  const std::string& endpoints_version() const { return endpoints_version_; }

  /// Hosts that stay keep their connections and their health; hosts whose health checks pass stay until these fail
  /// (Envoy: BaseDynamicClusterImpl::updateDynamicHostList). Returns those that left.
  std::vector<UpstreamHostPtr> set_endpoints(const ClusterState& state, Random& random);
  /// Null: no healthy host, or no subset that fits and no fallback.
  UpstreamHostPtr pick(const Labels& subset, Random& random, const PickBy& by = {});
  /// A request may go to the host: it has connections or requests that wait for one, or may have some (the circuit
  /// breaker of connection pools).
  bool pool_for(const UpstreamHost& host) const;
  /// ORIGINAL_DST: the host is where the connection wanted to go.
  UpstreamHostPtr original(const std::string& host, std::uint16_t port);
  /// The TLS settings for a host: of the first socket match whose labels it has, else the cluster's; null: plain.
  const TlsContext* socket(const Endpoint& endpoint) const;
  /// How its host is connected to.
  ConnectOptions way_to(const Endpoint& endpoint, World& world) const;
  const std::map<std::string, UpstreamHostPtr>& hosts() const { return hosts_; }
  bool in_panic() const { return all_ && all_->in_panic(); }

  /// Counts an outcome for outlier detection, if there is one. True: an interval has to be waited for.
  bool report(UpstreamHost& host, Origin origin, int status, MonotonicTime now, Random& random);
  /// The interval is over. True: another one has to be waited for.
  bool interval_over(MonotonicTime now, Random& random);
  /// Takes the outcome of a host's health check. True: the host's connections are to be given up.
  bool checked(const UpstreamHostPtr& host, CheckResult result, MonotonicTime now, Random& random);
  /// Until the end of the current one: they are counted from when the cluster came into use.
  Duration interval_left(MonotonicTime now) const;

  std::unique_ptr<HealthChecker> checker;  ///< null: hosts are not checked
  std::size_t checks_awaited = 0;          ///< before the cluster comes into use
  bool interval_armed = false;
  std::uint64_t connections = 0, pending = 0, requests = 0, retries = 0;

 private:
  std::unique_ptr<Balancer> make(std::vector<HostPtr> hosts, Random& random) const;
  Balancer* subset(const Labels& wanted, Random& random);
  OutlierDetector::Records records() const;
  void health_changed(Random& random);
  void keep_passing(std::map<std::string, UpstreamHostPtr>& left, const std::vector<std::string>& localities,
                    std::vector<HostPtr>& all);
  void remove(const UpstreamHostPtr& host, Random& random);
  void count_members() const;

  ClusterPtr config_;
  Stats& stats_;
  std::string version_, endpoints_version_;
  std::optional<OutlierDetector> outliers_;
  MonotonicTime since_;
  std::map<std::string, UpstreamHostPtr> hosts_;
  std::vector<HostPtr> ordered_;         ///< as the assignment lists them
  std::vector<std::string> localities_;  ///< their names
  std::vector<std::uint32_t> locality_weights_;
  std::uint32_t overprovisioning_percent_ = 140;
  std::unique_ptr<Balancer> all_;
  std::map<Labels, std::unique_ptr<Balancer>> subsets_;
};

}  // namespace kumasim::sim::proxy
