/// The simulated Envoy's data path: its listeners, connections, clusters and pools, driven by messages and timers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "sim/envoy/config/state.hpp"
#include "sim/envoy/data/fabric.hpp"
#include "sim/envoy/data/handshake.hpp"
#include "sim/envoy/data/upstream.hpp"

namespace kumasim::sim::proxy {

struct ProxyOptions {
  std::string name;                                     ///< in reports; empty: the process's
  Duration drain_time = std::chrono::seconds(600);      ///< --drain-time-s
  Duration processing = std::chrono::microseconds(30);  ///< what a proxy adds to a request on its way
};

class Proxy : public End, public ConfigObserver {
 public:
  Proxy(Fabric& fabric, Process& process, ProxyOptions options);
  ~Proxy() override;

  const std::string& name() const { return options_.name; }
  const ProxyOptions& options() const { return options_; }
  ConfigState& config() { return config_; }
  const ConfigState& config() const { return config_; }
  /// All connections, also those that are still to come, end within this time, one by one.
  void drain_all(Duration time);
  /// Called after the configuration moved by itself, when waiting for a resource was given up.
  void set_on_moved(std::function<void()> call) { on_moved_ = std::move(call); }
  Stats& stats() { return config_.stats(); }
  const std::map<std::string, UpstreamPtr>& upstreams() const { return upstreams_; }

  // Server side of connections.
  bool on_accept(const WirePtr& wire) override;
  bool passes_on(const WirePtr& wire) override;
  ChainPtr on_hello(const WirePtr& wire) override;
  bool on_client_certificate(const WirePtr& wire) override;
  void on_request(const ExchangePtr& exchange) override;
  void on_client_gone(const WirePtr& wire) override;
  void on_reset(const ExchangePtr& exchange) override;
  // Client side.
  void on_reached(const WirePtr& wire) override;
  void on_connected(const WirePtr& wire) override;
  std::string on_server_certificate(const WirePtr& wire) override;
  void on_response(const ExchangePtr& exchange) override;
  void on_closed(const WirePtr& wire, WireEnd how) override;

  // What comes into use.
  void cluster_active(const ClusterState& state) override;
  void cluster_removed(const std::string& name) override;
  void endpoints_changed(const ClusterState& state) override;
  bool check_hosts(const ClusterState& state) override;
  void checks_dropped(const std::string& cluster) override;
  void listener_active(const ListenerState& fresh, const ListenerPtr& old) override;
  void listener_removed(const ListenerPtr& old) override;
  void arm_fetch_timeout(Type type, const std::string& name, std::uint64_t token, Duration delay) override;

  // --- for streams and tunnels

  UpstreamPtr upstream(const std::string& name) const;
  /// Queues an attempt at its host. False: a circuit breaker is open.
  bool submit(const AttemptPtr& attempt);
  /// Ends an attempt, sent or not.
  void abandon(const AttemptPtr& attempt);
  void count_answer(const AttemptPtr& attempt, Origin origin, int status);
  RbacInput rbac_input(const Wire& wire, const Request* request) const;
  /// Whether the answer on this connection must be its last (draining), by Envoy's gradual strategy.
  bool last_answer(Wire& wire);
  /// One token of the filter's bucket; false: there was none.
  bool take_token(const HttpFilterPtr& filter);
  /// A flag and details for the whole call, if this exchange comes from its application.
  void note(const ExchangePtr& exchange, const std::string& flags, const std::string& details);

  template <class F>
  EventRef later(Duration delay, F&& call) {
    return after(delay, std::forward<F>(call));
  }
  void stop(EventRef& timer) { cancel(timer); }

 private:
  struct PoolWire;    // a connection of a pool
  struct TunnelWire;  // a connection of one TCP proxy session
  struct Bucket {
    std::uint64_t tokens = 0;
    MonotonicTime filled = {};
    std::shared_ptr<const void> holder;  ///< keeps the key's address taken
  };

  ListenerPtr find_listener(const Wire& wire, std::string* version) const;
  void run_network_filters(const ExchangePtr& exchange);
  void refuse_bytes(const ExchangePtr& exchange);
  bool network_rbac(const ExchangePtr& exchange, const RbacFilter& filter, std::size_t number);
  bool admit(const Wire& wire);
  bool take_token(const TokenLimit& limit, Bucket& bucket);
  Bucket& bucket_of(const TokenLimit& limit, const std::shared_ptr<const void>& holder);
  Bucket& bucket_of(const ConnectionLimit& limit, const FilterChainPtr& chain);
  void settle_buckets(const Listener& old, const Listener* in_place);
  void note_arrival(const ExchangePtr& exchange);

  WirePtr open(const UpstreamPtr& upstream, const UpstreamHostPtr& host, std::shared_ptr<void> owner);
  void flush(const UpstreamPtr& upstream, const UpstreamHostPtr& host);
  void send(const AttemptPtr& attempt, const WirePtr& wire);
  void overflow(const AttemptPtr& attempt);
  static void finished(const AttemptPtr& attempt);
  void release(const WirePtr& wire);
  void pool_connect_failed(const WirePtr& wire, const std::string& reason, const std::string& failure);
  void retire(const UpstreamHostPtr& host);
  void count_connection(PoolWire& pool, Origin origin, int status);
  void watch_outliers(const UpstreamPtr& upstream);

  UpstreamPtr make_upstream(const ClusterState& state);
  void give_up(const UpstreamPtr& upstream);
  void host_checked(Upstream& upstream, const UpstreamHostPtr& host, CheckResult result);
  void note_health(const Attempt& attempt, const Response& response);

  std::shared_ptr<TunnelWire> make_tunnel(const WirePtr& down, const TcpProxy& filter);
  void tunnel(const ExchangePtr& exchange, const TcpProxy& filter);
  void close_tunnel(std::uint64_t downstream);
  void tunnel_connect(const std::shared_ptr<TunnelWire>& session);
  bool tunnel_again(const std::shared_ptr<TunnelWire>& session, const std::string& reason);
  void tunnel_send(const std::shared_ptr<TunnelWire>& session, const ExchangePtr& down);
  void tunnel_flag(TunnelWire& session, const std::string& flag, const std::string& details);
  void tunnel_failed(const std::shared_ptr<TunnelWire>& session, const std::string& flag, const std::string& details);
  void end_tunnel(const std::shared_ptr<TunnelWire>& session, WireEnd how);

  void unbind_listener(const Listener& listener);
  void drain(const ListenerPtr& old, const ListenerState* fresh);
  void drain(const WirePtr& wire, MonotonicTime since);

  ProxyOptions options_;
  std::optional<MonotonicTime> draining_since_;  ///< of all
  ConfigState config_;
  std::function<void()> on_moved_;
  std::map<std::pair<std::string, std::uint16_t>, std::pair<ListenerPtr, std::string>> bound_;  // listener and version
  std::map<std::uint64_t, WirePtr> accepted_;
  std::map<std::string, UpstreamPtr> upstreams_;
  std::map<std::string, UpstreamPtr> checking_;                          ///< not in use before their hosts are checked
  std::map<std::uint64_t, std::shared_ptr<TunnelWire>> tunnels_;         // by the downstream connection
  std::map<const TokenLimit*, Bucket> buckets_;                          // looked up, never walked
  std::map<std::pair<std::string, TokenLimit>, Bucket> shared_buckets_;  // of connection limits, by their share_key
};

}  // namespace kumasim::sim::proxy
