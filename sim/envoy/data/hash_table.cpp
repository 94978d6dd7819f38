#include "sim/envoy/data/hash_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "sim/envoy/data/balancer.hpp"
#include "sim/envoy/data/hash.hpp"

namespace kumasim::sim::proxy {

HashTable::HashTable(const Cluster& config, const Shares& hosts) : is_ring_(config.lb == Cluster::Lb::ring_hash) {
  if (hosts.empty()) return;
  if (is_ring_)
    build_ring(config, hosts);
  else
    build_maglev(config, hosts);
}

/// Each host gets points by its share, the one of the least weight a whole number of them (Envoy:
/// RingHashLoadBalancer).
void HashTable::build_ring(const Cluster& config, const Shares& hosts) {
  auto least = std::min_element(hosts.begin(), hosts.end(), [](const auto& a, const auto& b) {
                 return a.second < b.second;
               })->second;
  auto wanted = std::ceil(least * static_cast<double>(config.ring_size_min)) / least;
  auto scale = std::min(wanted, static_cast<double>(config.ring_size_max));
  double points = 0, target = 0;
  for (const auto& [host, share] : hosts) {
    auto index = static_cast<std::uint32_t>(hosts_.size());
    hosts_.push_back(host);
    target += scale * share;
    for (std::uint64_t i = 0; points < target; ++i, ++points) {
      auto key = host->endpoint.text + "_" + std::to_string(i);
      ring_.emplace_back(config.murmur ? murmur_hash(key) : xx_hash(key), index);
    }
  }
  std::sort(ring_.begin(), ring_.end());
}

/// Hosts take turns to fill the slots in their own order, heavier ones more often (Envoy: MaglevTable; Maglev's paper,
/// listing 1).
void HashTable::build_maglev(const Cluster& config, const Shares& hosts) {
  struct Entry {
    std::uint64_t offset, skip;
    double share, due = 0;
    std::uint64_t next = 0;
  };
  auto ordered = hosts;
  std::sort(ordered.begin(), ordered.end(),
            [](const auto& a, const auto& b) { return a.first->endpoint.text < b.first->endpoint.text; });
  auto size = config.maglev_size;
  double most = 0;
  std::vector<Entry> entries;
  for (const auto& [host, share] : ordered) {
    hosts_.push_back(host);
    most = std::max(most, share);
    entries.push_back({xx_hash(host->endpoint.text) % size, xx_hash(host->endpoint.text, 1) % (size - 1) + 1, share});
  }
  constexpr auto free = std::numeric_limits<std::uint32_t>::max();
  table_.assign(size, free);
  std::uint64_t filled = 0;
  for (std::uint32_t turn = 1; filled < size; ++turn)
    for (std::uint32_t i = 0; i < entries.size() && filled < size; ++i) {
      auto& entry = entries[i];
      if (turn * entry.share < entry.due) continue;
      entry.due += most;
      auto slot = [&] { return (entry.offset + entry.skip * entry.next) % size; };
      while (table_[slot()] != free) ++entry.next;
      table_[slot()] = i;
      ++entry.next;
      ++filled;
    }
}

HostPtr HashTable::pick(std::uint64_t hash, unsigned attempt) const {
  if (is_ring_) {
    if (ring_.empty()) return nullptr;
    auto found = std::lower_bound(ring_.begin(), ring_.end(), std::pair<std::uint64_t, std::uint32_t>(hash, 0));
    auto at = found == ring_.end() ? 0 : static_cast<std::size_t>(found - ring_.begin());
    return hosts_[ring_[(at + attempt) % ring_.size()].second];
  }
  if (table_.empty()) return nullptr;
  if (attempt > 0) hash ^= ~std::uint64_t{0} - attempt + 1;
  return hosts_[table_[hash % table_.size()]];
}

}  // namespace kumasim::sim::proxy
