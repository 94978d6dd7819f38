/// The configuration of one proxy: what it accepts, what warms, what is in use. No I/O and no clock.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "sim/envoy/config/resource.hpp"
#include "sim/envoy/config/stats.hpp"

namespace envoy::service::discovery::v3 {
class DeltaDiscoveryResponse;
class DiscoveryResponse;
}  // namespace envoy::service::discovery::v3

namespace kumasim::sim::proxy {

/// A cluster in use, or one that waits for its endpoints and secrets.
struct ClusterState {
  ClusterPtr config;
  std::uint64_t id = 0;
  std::string version;
  LoadAssignmentPtr assignment;
  std::string assignment_version;
  bool has_endpoints = false;  ///< they came, or need not, or waiting for them was given up
  enum class Checks : std::uint8_t { not_begun, awaited, done };
  Checks checks = Checks::not_begun;  ///< the first round of health checks, where it has some
};

struct ListenerState {
  ListenerPtr config;
  std::uint64_t id = 0;
  std::string version;
};

/// A secret or a route configuration that something names. Until `ready` whatever names it warms.
template <class Ptr>
struct Discovered {
  Ptr value;
  std::string version;
  bool ready = false;
};

/// Hears of what comes into use. Called inside apply(); must not call the state back but to read.
class ConfigObserver {
 public:
  virtual ~ConfigObserver() = default;
  virtual void cluster_active(const ClusterState&) {}
  virtual void cluster_removed(const std::string& /*name*/) {}
  /// Of a cluster in use, and of one whose first health checks are awaited.
  virtual void endpoints_changed(const ClusterState&) {}
  /// A cluster with health checks has all else that it needs. True: its hosts are being checked, and the call of
  /// hosts_checked() comes in a later event.
  virtual bool check_hosts(const ClusterState&) { return false; }
  /// What check_hosts() began is of no use any more.
  virtual void checks_dropped(const std::string& /*cluster*/) {}
  /// `old` is null for a new listener; its connections drain unless their filter chain is in `fresh` unchanged.
  virtual void listener_active(const ListenerState& /*fresh*/, const ListenerPtr& /*old*/) {}
  virtual void listener_removed(const ListenerPtr&) {}
  virtual void secret_changed(const std::string& /*name*/) {}
  virtual void routes_changed(const std::string& /*name*/) {}
  /// Call fetch_timed_out() after the delay.
  virtual void arm_fetch_timeout(Type, const std::string& /*name*/, std::uint64_t /*token*/, Duration) {}
};

class ConfigState {
 public:
  ConfigState(std::shared_ptr<ResourceCache> cache, ConfigObserver& observer)
      : cache_(std::move(cache)), observer_(observer) {}

  /// State of the world. The error is what Envoy puts into the NACK; parts may have been applied all the same, as in
  /// Envoy.
  Checked<> apply(const ::envoy::service::discovery::v3::DiscoveryResponse& response);
  Checked<> apply(const ::envoy::service::discovery::v3::DeltaDiscoveryResponse& response);

  /// A static resource of the bootstrap document: never removed by discovery.
  Checked<> add_static(Type type, const ::google::protobuf::Any& any);
  /// There is no discovery service: what is static is all there will be.
  void no_discovery();

  /// Names to ask for, of a type that is asked for by name.
  const std::set<std::string>& wanted(Type type) const { return wanted_[static_cast<std::size_t>(type)]; }
  /// True once after a watch was added for names that were asked for before: Envoy sends such a request again.
  bool take_resubscribe(Type type);

  /// All clusters of the first response warmed: Envoy asks for listeners only then.
  bool clusters_initialized() const { return clusters_initialized_; }
  /// Listeners are taken into use together, once all of the first response are ready.
  bool live() const { return live_; }

  /// Of these types nothing is removed from now on, as if removals were lost; what was to be removed of others before
  /// is, where nobody has sent it again since.
  void hold_removals(const std::set<Type>& types);

  /// Shown in handshakes in place of the workload's own certificate, as if that had been issued so; null: its own.
  void show_identity(ChainPtr other) { shown_identity_ = std::move(other); }
  const ChainPtr& shown_identity() const { return shown_identity_; }

  void fetch_timed_out(Type type, const std::string& name, std::uint64_t token);
  /// Each host of the cluster that warms was checked once.
  void hosts_checked(const std::string& cluster);

  const std::map<std::string, ClusterState>& clusters() const { return clusters_; }
  const std::map<std::string, ClusterState>& warming_clusters() const { return warming_clusters_; }
  const std::map<std::string, ListenerState>& listeners() const { return listeners_; }
  const std::map<std::string, ListenerState>& warming_listeners() const { return warming_listeners_; }
  const std::map<std::string, Discovered<SecretPtr>>& secrets() const { return secrets_; }
  const std::map<std::string, Discovered<RouteConfigPtr>>& routes() const { return routes_; }
  const std::string& version(Type type) const { return versions_[static_cast<std::size_t>(type)]; }
  /// Fields that were set in an accepted resource and are not interpreted (unread.hpp), each with the first such
  /// resource's name.
  const std::map<std::string, std::string>& unread() const { return unread_; }
  const Stats& stats() const { return stats_; }
  Stats& stats() { return stats_; }

 private:
  struct Incoming {
    ResourcePtr resource;
    std::string version;
  };

  Checked<> apply_all(Type type, const std::vector<Incoming>& incoming, const std::set<std::string>& removed);
  std::set<std::string> removed_now(Type type, const std::vector<Incoming>& incoming, std::set<std::string> removed);
  Checked<> apply_clusters(const std::vector<Incoming>& incoming, const std::set<std::string>& removed);
  Checked<> apply_listeners(const std::vector<Incoming>& incoming, const std::set<std::string>& removed);
  Checked<> apply_named(Type type, const std::vector<Incoming>& incoming);
  Checked<> add_cluster(const Incoming& in);
  Checked<> add_listener(const Incoming& in);
  Checked<> take_endpoints(const Incoming& in);
  void drop_warming(const std::string& cluster);
  void finish(Type type, const std::string& version, const Checked<>& outcome);
  void settle();
  void collect_wanted();
  void arm(Type type, const std::string& name, std::optional<Duration> timeout);
  bool ready(const ClusterState& cluster) const;
  bool checked(ClusterState& cluster);
  bool ready(const Listener& listener) const;
  bool secrets_ready(const std::set<std::string>& names) const;
  bool warm_clusters();
  bool warm_listeners();
  void activate(std::map<std::string, ListenerState>::iterator warming);
  void count();
  void note_unread(const Incoming& in);
  std::string stat_prefix(Type type, const std::string& name) const;

  std::shared_ptr<ResourceCache> cache_;
  ConfigObserver& observer_;
  std::map<std::string, ClusterState> clusters_, warming_clusters_;
  std::map<std::string, ListenerState> listeners_, warming_listeners_;
  std::map<std::string, Discovered<SecretPtr>> secrets_;
  std::map<std::string, Discovered<RouteConfigPtr>> routes_;
  std::map<std::string, Incoming> endpoints_;  ///< the last of each name asked for: used when a fetch times out
  std::set<std::string> static_clusters_, static_listeners_, static_secrets_;
  std::map<Type, std::set<std::string>> held_removals_;  ///< names, of the types whose removals are held
  ChainPtr shown_identity_;
  std::set<std::string> wanted_[all_types.size()];
  std::string versions_[all_types.size()];
  bool resubscribe_[all_types.size()] = {};
  std::map<std::pair<Type, std::string>, std::uint64_t> waits_;
  std::uint64_t tokens_ = 0;
  bool clusters_seen_ = false, clusters_initialized_ = false, listeners_seen_ = false, live_ = false;
  std::map<std::string, std::string> unread_;
  Stats stats_;
};

}  // namespace kumasim::sim::proxy
