#include "sim/envoy/data/balancer.hpp"

#include <algorithm>
#include <cmath>

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

HostPicker::HostPicker(std::vector<HostPtr> hosts, const Cluster& config, Random& random)
    : hosts_(std::move(hosts)),
      lb_(config.lb),
      choice_count_(std::max(config.choice_count, 1u)),
      bias_(config.active_request_bias) {
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

/// With unequal weights least request divides the weight by the requests under way, to the power of the bias (Envoy:
/// LeastRequestLoadBalancer::hostWeight).
std::uint64_t HostPicker::effective_weight(std::size_t i) const {
  const auto& host = *hosts_[i];
  std::uint64_t weight = host.endpoint.weight;
  if (lb_ != Cluster::Lb::least_request || bias_ == 0) return weight * 1000;
  if (bias_ == 1) return std::max<std::uint64_t>(weight * 1000 / (host.active + 1), 1);
  auto divisor = std::pow(static_cast<double>(host.active + 1), bias_);
  return static_cast<std::uint64_t>(std::max(static_cast<double>(weight * 1000) / divisor, 1.0));
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

Balancer::Group Balancer::group_of(const Level& level, bool (Host::*belongs)() const, Random& random) const {
  std::vector<HostPtr> hosts;
  std::copy_if(level.hosts.begin(), level.hosts.end(), std::back_inserter(hosts),
               [&](const auto& h) { return (*h.*belongs)(); });
  Group out;
  for (std::size_t l = 0; config_.locality_weighted && l < locality_weights_.size(); ++l) {
    std::vector<HostPtr> members;
    std::uint64_t total = 0;
    for (const auto& h : level.hosts) total += h->locality == l && !h->excluded();
    std::copy_if(hosts.begin(), hosts.end(), std::back_inserter(members),
                 [&](const auto& h) { return h->locality == l; });
    if (members.empty() || total == 0 || locality_weights_[l] == 0) continue;
    auto available = std::min<std::uint64_t>(100, overprovisioning_percent_ * members.size() / total);
    out.locality_load.push_back(locality_weights_[l] * available);
    out.locality_schedule.add(out.localities.size(), out.locality_load.back());
    out.localities.emplace_back(std::move(members), config_, random);
  }
  // As hosts do, localities begin somewhere in their turns (Envoy: EdfScheduler::createWithPicks).
  auto skipped = out.localities.size() > 1 ? random.below(2 * out.localities.size()) : 0;
  for (std::uint64_t i = 0; i < skipped; ++i)
    out.locality_schedule.pick([&](std::size_t l) { return out.locality_load[l]; });
  out.hosts = HostPicker(std::move(hosts), config_, random);
  return out;
}

void Balancer::rebuild(Random& random) {
  for (auto& [priority, level] : levels_) {
    level.all = HostPicker(level.hosts, config_, random);
    level.hashed.reset();
    level.healthy = group_of(level, &Host::healthy, random);
    level.degraded = group_of(level, &Host::degraded, random);
    level.counted = static_cast<std::size_t>(
        std::count_if(level.hosts.begin(), level.hosts.end(), [](const auto& h) { return !h->excluded(); }));
    auto usable = level.healthy.hosts.size() + level.degraded.hosts.size();
    level.panic = level.counted == 0 || usable * 100 < std::uint64_t{config_.panic_percent} * level.counted;
  }
  share_load();
}

/// What it can take of all load, in per cent.
std::uint64_t Balancer::availability(const Level& level, const Group& group) const {
  auto size = level.counted;
  return size == 0 ? 0 : std::min<std::uint64_t>(100, overprovisioning_percent_ * group.hosts.size() / size);
}

/// A priority takes its health times 1.4 of what is left (Envoy: priority levels), its degraded hosts of what the
/// healthy ones of all priorities leave; where all together have less than 100 %, the shares are scaled up.
void Balancer::share_load() {
  std::uint64_t total = 0;
  for (const auto& [priority, level] : levels_)
    total += availability(level, level.healthy) + availability(level, level.degraded);
  auto normal = std::min<std::uint64_t>(total, 100);
  std::uint64_t left = 100;
  Group* first = nullptr;
  for (auto kind : {&Level::healthy, &Level::degraded})
    for (auto& [priority, level] : levels_) {
      auto& group = level.*kind;
      auto share = normal == 0 ? 0 : std::min(left, availability(level, group) * 100 / normal);
      group.load = static_cast<std::uint32_t>(share);
      if (share > 0 && !first) first = &group;
      left -= share;
    }
  if (first) first->load += static_cast<std::uint32_t>(left);  // what rounding left over
  // While enough is healthy over all priorities, none of them panics (Envoy: panic needs a total below 100 %).
  if (total >= 100)
    for (auto& [priority, level] : levels_) level.panic = false;
  bool all_panic = std::all_of(levels_.begin(), levels_.end(), [](const auto& entry) { return entry.second.panic; });
  if (all_panic)
    share_load_by_hosts();
  else if (normal == 0)
    levels_.begin()->second.healthy.load = 100;
}

/// Where all priorities are in panic, health no longer counts (Envoy: recalculateLoadInTotalPanic).
void Balancer::share_load_by_hosts() {
  if (levels_.empty()) return;
  std::size_t hosts = 0;
  for (const auto& [priority, level] : levels_) hosts += level.hosts.size();
  std::uint32_t left = 100;
  for (auto& [priority, level] : levels_) {
    level.healthy.load = static_cast<std::uint32_t>(hosts == 0 ? 0 : 100 * level.hosts.size() / hosts);
    level.degraded.load = 0;
    left -= level.healthy.load;
  }
  levels_.begin()->second.healthy.load += left;
}

/// `point` lies in [0, 100), and the loads add up to 100.
Balancer::Choice Balancer::choice_at(std::uint64_t point) {
  for (auto kind : {&Level::healthy, &Level::degraded})
    for (auto& [priority, level] : levels_) {
      auto& group = level.*kind;
      if (point < group.load) return {&level, &group};
      point -= group.load;
    }
  auto& first = levels_.begin()->second;
  return {&first, &first.healthy};
}

/// What of the load the other priorities can take is shared among them (Envoy:
/// PreviousPrioritiesRetryPriority::adjustForAttemptedPriorities).
std::optional<Balancer::Choice> Balancer::choice_at(std::uint64_t point, const std::set<std::uint32_t>& without) {
  struct Part {
    Choice choice;
    std::uint64_t availability, load;
  };
  std::vector<Part> parts;
  std::uint64_t total = 0, left = 100;
  for (auto kind : {&Level::healthy, &Level::degraded})
    for (auto& [priority, level] : levels_) {
      auto& group = level.*kind;
      parts.push_back({{&level, &group}, without.contains(priority) ? 0 : availability(level, group), 0});
      total += parts.back().availability;
    }
  if (total == 0) return std::nullopt;
  total = std::min<std::uint64_t>(total, 100);
  while (left > 0)  // what rounding leaves over goes to the first
    for (auto& part : parts) {
      auto more = std::min(left, part.availability * 100 / total);
      part.load += more;
      left -= more;
    }
  for (const auto& part : parts) {
    if (point < part.load) return part.choice;
    point -= part.load;
  }
  return std::nullopt;
}

Balancer::Choice Balancer::choice_for(std::uint64_t point, const PickBy& by) {
  if (by.without && !by.without->empty()) {
    if (auto choice = choice_at(point, *by.without)) return *choice;
    by.without->clear();
  }
  return choice_at(point);
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

bool Balancer::in_panic() const {
  return config_.panic_percent > 0 && std::ranges::any_of(levels_, [](const auto& entry) {
           return !entry.second.hosts.empty() && entry.second.panic;
         });
}

HostPtr Balancer::pick(Random& random, const PickBy& by) {
  if (levels_.empty()) return nullptr;
  if (config_.lb == Cluster::Lb::ring_hash || config_.lb == Cluster::Lb::maglev) {
    auto hash = by.hash ? *by.hash : random.next();
    // Priorities to leave out are not asked for (Envoy: ThreadAwareLoadBalancerBase::LoadBalancerImpl::chooseHost).
    auto& chosen = *choice_at(hash % 100).level;
    bool panic = chosen.panic && config_.panic_percent > 0;
    if (!chosen.hashed) chosen.hashed = std::make_unique<HashTable>(config_, shares(chosen, !panic));
    return chosen.hashed->pick(hash, by.attempt);
  }
  Choice choice{&levels_.begin()->second, &levels_.begin()->second.healthy};
  if (levels_.size() > 1 || choice.group->load < 100) choice = choice_for(random.below(100), by);
  // A threshold of 0 turns panic off: then nobody is picked (Envoy answers 503 UH).
  if (choice.level->panic && config_.panic_percent > 0)
    return config_.fail_in_panic ? nullptr : choice.level->all.pick(random);
  return choice.group->pick(random);
}

HostPtr Balancer::Group::pick(Random& random) {
  if (localities.empty()) return hosts.pick(random);
  auto at = locality_schedule.pick([&](std::size_t l) { return locality_load[l]; });
  return localities[at].pick(random);
}

}  // namespace kumasim::sim::proxy
