#include "sim/envoy/data/balancer.hpp"

#include <algorithm>

namespace kumasim::sim::proxy {
namespace {

constexpr std::uint64_t unit = 1ull << 40;  ///< deadlines of weight 1 are this far apart

}  // namespace

void EdfSchedule::add(std::size_t entry, std::uint64_t weight) {
  heap_.push_back({now_ + unit / std::max<std::uint64_t>(weight, 1), ++orders_, entry});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

EdfSchedule::Item EdfSchedule::pop() {
  std::pop_heap(heap_.begin(), heap_.end(), later);
  auto item = heap_.back();
  heap_.pop_back();
  return item;
}

HostPicker::HostPicker(std::vector<HostPtr> hosts, Cluster::Lb lb, std::uint32_t choice_count, Random& random)
    : hosts_(std::move(hosts)), lb_(lb), choice_count_(std::max(choice_count, 1u)) {
  if (hosts_.empty()) return;
  weighted_ = std::any_of(hosts_.begin(), hosts_.end(),
                          [&](const auto& h) { return h->endpoint.weight != hosts_.front()->endpoint.weight; });
  // Envoy starts each round robin at a random host, so that many proxies do not all begin with the first.
  next_ = random.below(hosts_.size());
  if (!weighted_) return;
  for (std::size_t i = 0; i < hosts_.size(); ++i) schedule_.add(i, effective_weight(i));
  auto skipped = random.below(2 * hosts_.size());
  for (std::uint64_t i = 0; i < skipped; ++i) schedule_.pick([&](std::size_t at) { return effective_weight(at); });
}

/// With unequal weights least request divides the weight by the requests under way (Envoy: active_request_bias 1).
std::uint64_t HostPicker::effective_weight(std::size_t i) const {
  const auto& host = *hosts_[i];
  std::uint64_t weight = host.endpoint.weight;
  if (lb_ == Cluster::Lb::least_request) return std::max<std::uint64_t>(weight * 1000 / (host.active + 1), 1);
  return weight * 1000;
}

HostPtr HostPicker::pick(Random& random) {
  if (hosts_.empty()) return nullptr;
  if (lb_ == Cluster::Lb::round_robin || (weighted_ && lb_ == Cluster::Lb::least_request)) {
    if (weighted_) return hosts_[schedule_.pick([&](std::size_t at) { return effective_weight(at); })];
    return hosts_[next_++ % hosts_.size()];
  }
  if (lb_ == Cluster::Lb::least_request) {
    HostPtr best;
    for (std::uint32_t i = 0; i < choice_count_; ++i) {
      const auto& host = hosts_[random.below(hosts_.size())];
      if (!best || host->active < best->active) best = host;
    }
    return best;
  }
  return hosts_[random.below(hosts_.size())];
}

Balancer::Balancer(const Cluster& config, std::vector<HostPtr> hosts, std::vector<std::uint32_t> locality_weights,
                   std::uint32_t overprovisioning_percent, Random& random)
    : config_(config),
      locality_weights_(std::move(locality_weights)),
      overprovisioning_percent_(overprovisioning_percent) {
  for (auto& host : hosts) levels_[host->priority].hosts.push_back(std::move(host));
  rebuild(random);
}

void Balancer::rebuild(Random& random) {
  for (auto& [priority, level] : levels_) {
    std::vector<HostPtr> healthy;
    std::copy_if(level.hosts.begin(), level.hosts.end(), std::back_inserter(healthy),
                 [](const auto& h) { return h->healthy(); });
    level.panic = healthy.size() * 100 < std::uint64_t{config_.panic_percent} * level.hosts.size();
    level.all = HostPicker(level.hosts, config_.lb, config_.choice_count, random);
    level.hashed.reset();
    level.localities.clear();
    level.locality_load.clear();
    level.locality_schedule = {};
    if (config_.locality_weighted) {
      for (std::size_t l = 0; l < locality_weights_.size(); ++l) {
        std::vector<HostPtr> members;
        std::uint64_t total = 0;
        for (const auto& h : level.hosts) total += h->locality == l;
        std::copy_if(healthy.begin(), healthy.end(), std::back_inserter(members),
                     [&](const auto& h) { return h->locality == l; });
        if (members.empty() || locality_weights_[l] == 0) continue;
        auto available = std::min<std::uint64_t>(100, overprovisioning_percent_ * members.size() / total);
        level.locality_load.push_back(locality_weights_[l] * available);
        level.locality_schedule.add(level.localities.size(), level.locality_load.back());
        level.localities.emplace_back(std::move(members), config_.lb, config_.choice_count, random);
      }
    }
    level.healthy = HostPicker(std::move(healthy), config_.lb, config_.choice_count, random);
  }
  share_load();
}

/// A priority takes its health times 1.4 of what is left (Envoy: priority levels); where all together have less than
/// 100 %, the shares are scaled up.
void Balancer::share_load() {
  std::uint64_t total = 0;
  std::vector<std::uint64_t> health;
  for (auto& [priority, level] : levels_) {
    auto size = level.hosts.size();
    auto percent =
        size == 0 ? 0 : std::min<std::uint64_t>(100, overprovisioning_percent_ * level.healthy.size() / size);
    health.push_back(percent);
    total += percent;
  }
  auto normal = std::min<std::uint64_t>(total, 100);
  std::uint64_t left = 100;
  std::size_t i = 0;
  Level* first = nullptr;
  for (auto& [priority, level] : levels_) {
    auto share = normal == 0 ? 0 : std::min(left, health[i] * 100 / normal);
    level.load = static_cast<std::uint32_t>(share);
    if (share > 0 && !first) first = &level;
    left -= share;
    ++i;
  }
  if (first) first->load += static_cast<std::uint32_t>(left);  // what rounding left over
  // While enough is healthy over all priorities, none of them panics (Envoy: panic needs a total below 100 %).
  if (total >= 100)
    for (auto& [priority, level] : levels_) level.panic = false;
  bool all_panic = std::all_of(levels_.begin(), levels_.end(), [](const auto& entry) { return entry.second.panic; });
  if (all_panic)
    share_load_by_hosts();
  else if (normal == 0)
    levels_.begin()->second.load = 100;
}

/// Where all priorities are in panic, health no longer counts (Envoy: recalculateLoadInTotalPanic).
void Balancer::share_load_by_hosts() {
  if (levels_.empty()) return;
  std::size_t hosts = 0;
  for (const auto& [priority, level] : levels_) hosts += level.hosts.size();
  std::uint32_t left = 100;
  for (auto& [priority, level] : levels_) {
    level.load = static_cast<std::uint32_t>(hosts == 0 ? 0 : 100 * level.hosts.size() / hosts);
    left -= level.load;
  }
  levels_.begin()->second.load += left;
}

/// `point` lies in [0, 100).
Balancer::Level& Balancer::level_at(std::uint64_t point) {
  Level* level = &levels_.begin()->second;
  for (auto& [priority, candidate] : levels_) {
    level = &candidate;
    if (point < candidate.load) break;
    point -= candidate.load;
  }
  return *level;
}

/// Weights within the priority; where localities are weighted, within each locality's share (Envoy:
/// ThreadAwareLoadBalancerBase).
HashTable::Shares Balancer::shares(const Level& level, bool healthy_only) const {
  HashTable::Shares out;
  std::map<std::size_t, double> hosts;  // weight by locality; one where they do not count
  auto locality = [&](const Host& host) { return config_.locality_weighted ? host.locality : 0; };
  auto weight_of = [&](std::size_t l) {
    return config_.locality_weighted ? static_cast<double>(locality_weights_.at(l)) : 1.0;
  };
  for (const auto& host : level.hosts)
    if (!healthy_only || host->healthy()) hosts[locality(*host)] += host->endpoint.weight;
  double total = 0;
  for (const auto& [l, sum] : hosts) total += weight_of(l);
  for (const auto& host : level.hosts) {
    if (healthy_only && !host->healthy()) continue;
    auto l = locality(*host);
    auto share = total > 0 && hosts[l] > 0 ? weight_of(l) / total * host->endpoint.weight / hosts[l] : 0;
    if (share > 0) out.emplace_back(host, share);
  }
  return out;
}

HostPtr Balancer::pick(Random& random, const PickBy& by) {
  if (levels_.empty()) return nullptr;
  if (config_.lb == Cluster::Lb::ring_hash || config_.lb == Cluster::Lb::maglev) {
    auto hash = by.hash ? *by.hash : random.next();
    auto& chosen = level_at(hash % 100);
    bool panic = chosen.panic && config_.panic_percent > 0;
    if (!chosen.hashed) chosen.hashed = std::make_unique<HashTable>(config_, shares(chosen, !panic));
    return chosen.hashed->pick(hash, by.attempt);
  }
  Level* level = &levels_.begin()->second;
  if (levels_.size() > 1) level = &level_at(random.below(100));
  // A threshold of 0 turns panic off: then nobody is picked (Envoy answers 503 UH).
  if (level->panic && config_.panic_percent > 0) return level->all.pick(random);
  if (!level->localities.empty()) {
    auto at = level->locality_schedule.pick([&](std::size_t l) { return level->locality_load[l]; });
    return level->localities[at].pick(random);
  }
  return level->healthy.pick(random);
}

}  // namespace kumasim::sim::proxy
