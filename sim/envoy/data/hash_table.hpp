/// Consistent hashing over the hosts of a priority: Envoy's ring (ketama) and Maglev tables.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sim/envoy/config/cluster.hpp"

namespace kumasim::sim::proxy {

struct Host;
using HostPtr = std::shared_ptr<Host>;

class HashTable {
 public:
  /// A host and its share; the shares sum up to 1.
  using Shares = std::vector<std::pair<HostPtr, double>>;

  HashTable(const Cluster& config, const Shares& hosts);

  /// The `attempt`s after the first look elsewhere, not always at another host. Null: there is none.
  HostPtr pick(std::uint64_t hash, unsigned attempt) const;

 private:
  void build_ring(const Cluster& config, const Shares& hosts);
  void build_maglev(const Cluster& config, const Shares& hosts);

  bool is_ring_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> ring_;  // hash and host, by hash
  std::vector<std::uint32_t> table_;
  std::vector<HostPtr> hosts_;
};

}  // namespace kumasim::sim::proxy
