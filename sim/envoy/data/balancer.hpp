/// Envoy's load balancing over the hosts of a cluster: priorities, panic, localities, then round robin or least
/// request, or consistent hashing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "kumasim/runtime/random.hpp"
#include "sim/envoy/config/cluster.hpp"
#include "sim/envoy/data/hash_table.hpp"
#include "sim/envoy/data/outlier.hpp"

namespace kumasim::sim::proxy {

/// What a cluster's health checks know of one host.
struct CheckRecord {
  bool failed = false;    ///< before its first check too
  bool pending = false;   ///< before its first check, where the cluster waits for it
  bool degraded = false;  ///< passes, and says that it is
  bool excluded = false;  ///< said to be left out at once
};

/// An upstream host as the balancer sees it; the pools extend it.
struct Host {
  Endpoint endpoint;
  std::uint32_t priority = 0;
  std::size_t locality = 0;
  std::uint64_t active = 0;  ///< requests under way
  OutlierRecord outlier;
  CheckRecord check;
  virtual ~Host() = default;
  bool usable() const { return endpoint.healthy && !outlier.ejected && !check.failed; }
  bool healthy() const { return usable() && !endpoint.degraded && !check.degraded; }
  /// Takes what the healthy hosts cannot.
  bool degraded() const { return usable() && (endpoint.degraded || check.degraded); }
  /// No part of what healthy hosts are a share of.
  bool excluded() const { return endpoint.draining || check.pending || check.excluded; }
};
using HostPtr = std::shared_ptr<Host>;

/// Earliest deadline first: an entry of weight w comes up w times as often as one of weight 1, evenly spread.
class EdfSchedule {
 public:
  void add(std::size_t entry, std::uint64_t weight);
  /// The next entry, which goes in again with the weight that `weight(entry)` gives.
  template <class Weight>
  std::size_t pick(Weight&& weight) {
    auto item = pop();
    now_ = item.deadline;
    add(item.entry, weight(item.entry));
    return item.entry;
  }
  bool empty() const { return heap_.empty(); }

 private:
  struct Item {
    std::uint64_t deadline;
    std::uint64_t order;
    std::size_t entry;
  };
  Item pop();
  static bool later(const Item& a, const Item& b) {
    return a.deadline != b.deadline ? a.deadline > b.deadline : a.order > b.order;
  }
  std::vector<Item> heap_;
  std::uint64_t now_ = 0;
  std::uint64_t orders_ = 0;
};

/// Picks among hosts of one priority and kind (healthy, or all in panic).
class HostPicker {
 public:
  HostPicker() = default;
  HostPicker(std::vector<HostPtr> hosts, const Cluster& config, Random& random);
  HostPtr pick(Random& random);
  bool empty() const { return hosts_.empty(); }
  std::size_t size() const { return hosts_.size(); }

 private:
  std::uint64_t effective_weight(std::size_t i) const;
  std::vector<HostPtr> hosts_;
  Cluster::Lb lb_ = Cluster::Lb::round_robin;
  std::uint32_t choice_count_ = 2;
  double bias_ = 1;  ///< how much requests under way count beside weights
  bool weighted_ = false;
  std::uint64_t next_ = 0;
  EdfSchedule schedule_;
};

/// What a request asks for.
struct PickBy {
  std::optional<std::uint64_t> hash = std::nullopt;  ///< of consistent hashing; none: by chance
  unsigned attempt = 0;                              ///< how often a host was turned down for it
  /// Priorities that it is to leave out; null: none. Emptied where nothing would be left.
  std::set<std::uint32_t>* without = nullptr;
};

/// Over a set of hosts of all priorities. rebuild() when hosts or their health change.
class Balancer {
 public:
  Balancer(const Cluster& config, std::vector<HostPtr> hosts, std::vector<std::uint32_t> locality_weights,
           std::uint32_t overprovisioning_percent, Random& random);
  /// Null: no host at all.
  HostPtr pick(Random& random, const PickBy& by = {});
  void rebuild(Random& random);
  /// Of a priority so few hosts are well that health does not count there.
  bool in_panic() const;

 private:
  /// Hosts of a priority that are all healthy, or all degraded.
  struct Group {
    HostPicker hosts;
    std::vector<HostPicker> localities;  // where localities are weighted
    std::vector<std::uint64_t> locality_load;
    EdfSchedule locality_schedule;
    std::uint32_t load = 0;  // per cent
    HostPtr pick(Random& random);
  };
  struct Level {
    std::vector<HostPtr> hosts;
    std::size_t counted = 0;  // hosts of which the healthy ones are a share
    HostPicker all;
    Group healthy, degraded;
    std::unique_ptr<HashTable> hashed;  // made at the first pick
    bool panic = false;
  };
  struct Choice {
    Level* level;
    Group* group;
  };
  Group group_of(const Level& level, bool (Host::*belongs)() const, Random& random) const;
  std::uint64_t availability(const Level& level, const Group& group) const;
  void share_load();
  void share_load_by_hosts();
  Choice choice_at(std::uint64_t point);
  std::optional<Choice> choice_at(std::uint64_t point, const std::set<std::uint32_t>& without);
  Choice choice_for(std::uint64_t point, const PickBy& by);
  HashTable::Shares shares(const Level& level, bool healthy_only) const;

  const Cluster& config_;
  std::vector<std::uint32_t> locality_weights_;
  std::uint32_t overprovisioning_percent_;
  std::map<std::uint32_t, Level> levels_;
};

}  // namespace kumasim::sim::proxy
