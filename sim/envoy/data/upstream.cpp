#include "sim/envoy/data/upstream.hpp"

#include <algorithm>

namespace kumasim::sim::proxy {

Upstream::Upstream(const ClusterState& state, Random& random) : config_(state.config), version_(state.version) {
  set_endpoints(state, random);
}

std::vector<UpstreamHostPtr> Upstream::set_endpoints(const ClusterState& state, Random& random) {
  endpoints_version_ = state.assignment_version;
  auto before = std::move(hosts_);
  hosts_.clear();
  locality_weights_.clear();
  subsets_.clear();
  std::vector<HostPtr> all;
  std::size_t locality_index = 0;
  static const LoadAssignment none;
  const auto& assignment = state.assignment ? *state.assignment : none;
  overprovisioning_percent_ = assignment.overprovisioning_percent;
  for (const auto& locality : assignment.localities) {
    locality_weights_.push_back(locality.weight);
    for (const auto& endpoint : locality.endpoints) {
      if (hosts_.contains(endpoint.text)) continue;
      auto known = before.find(endpoint.text);
      // A host whose socket match changes needs other connections: Envoy makes a new host of it.
      bool same = known != before.end() && known->second->endpoint.socket_labels == endpoint.socket_labels;
      auto host = same ? known->second : std::make_shared<UpstreamHost>();
      if (same) before.erase(known);
      host->endpoint = endpoint;
      host->priority = locality.priority;
      host->locality = locality_index;
      hosts_[endpoint.text] = host;
      all.push_back(host);
    }
    ++locality_index;
  }
  ordered_ = all;
  all_ = make(std::move(all), random);
  std::vector<UpstreamHostPtr> gone;
  for (auto& [text, host] : before) {
    host->removed = true;
    gone.push_back(host);
  }
  return gone;
}

std::unique_ptr<Balancer> Upstream::make(std::vector<HostPtr> hosts, Random& random) const {
  return std::make_unique<Balancer>(*config_, std::move(hosts), locality_weights_, overprovisioning_percent_, random);
}

Balancer* Upstream::subset(const Labels& wanted, Random& random) {
  auto found = subsets_.find(wanted);
  if (found == subsets_.end()) {
    std::vector<HostPtr> members;
    for (const auto& host : ordered_)
      if (contains(host->endpoint.labels, wanted)) members.push_back(host);
    auto made = members.empty() ? nullptr : make(std::move(members), random);
    found = subsets_.emplace(wanted, std::move(made)).first;
  }
  return found->second.get();
}

UpstreamHostPtr Upstream::pick(const Labels& wanted, Random& random) {
  Balancer* balancer = all_.get();
  if (!config_->subsets.empty()) {
    using Fallback = SubsetSelector::Fallback;
    auto fallback = config_->subset_fallback;
    balancer = nullptr;
    for (const auto& selector : config_->subsets) {
      bool same =
          selector.keys.size() == wanted.size() &&
          std::all_of(wanted.begin(), wanted.end(), [&](const auto& w) { return selector.keys.contains(w.first); });
      if (!same || wanted.empty()) continue;
      balancer = subset(wanted, random);
      if (selector.fallback != Fallback::not_defined) fallback = selector.fallback;
      break;
    }
    if (!balancer && fallback == Fallback::any_endpoint) balancer = all_.get();
    if (!balancer && fallback == Fallback::default_subset) balancer = subset(config_->default_subset, random);
  }
  return balancer ? std::static_pointer_cast<UpstreamHost>(balancer->pick(random)) : nullptr;
}

UpstreamHostPtr Upstream::original(const std::string& host, std::uint16_t port) {
  auto text = host + ":" + std::to_string(port);
  auto& slot = hosts_[text];
  if (!slot) {
    slot = std::make_shared<UpstreamHost>();
    slot->endpoint.host = host;
    slot->endpoint.port = port;
    slot->endpoint.text = text;
  }
  return slot;
}

const TlsContext* Upstream::socket(const Endpoint& endpoint) const {
  for (const auto& match : config_->socket_matches)
    if (contains(endpoint.socket_labels, match.match)) return match.tls ? &*match.tls : nullptr;
  return config_->tls ? &*config_->tls : nullptr;
}

bool Upstream::report(UpstreamHost& host, int status, Random& random, Duration* how_long) {
  if (!config_->outlier) return false;
  const auto& rules = *config_->outlier;
  bool bad = status == 0 || status >= 500;
  bool gateway = status == 0 || (status >= 502 && status <= 504);
  host.consecutive_5xx = bad ? host.consecutive_5xx + 1 : 0;
  host.consecutive_gateway = gateway ? host.consecutive_gateway + 1 : 0;
  bool by_5xx = rules.consecutive_5xx > 0 && host.consecutive_5xx >= rules.consecutive_5xx;
  bool by_gateway = rules.consecutive_gateway > 0 && host.consecutive_gateway >= rules.consecutive_gateway;
  if (host.ejected || (!by_5xx && !by_gateway)) return false;
  host.consecutive_5xx = host.consecutive_gateway = 0;
  if (!by_gateway && random.below(100) >= rules.enforcing_percent) return false;
  std::size_t out = 0;
  for (const auto& [text, other] : hosts_) out += other->ejected;
  // At least one host may be ejected, whatever the share (Envoy: max_ejection_percent).
  if (out > 0 && (out + 1) * 100 > std::size_t{rules.max_ejection_percent} * hosts_.size()) return false;
  host.ejected = true;
  ++host.ejections;
  *how_long = std::min(rules.base_ejection * host.ejections, rules.max_ejection);
  return true;
}

void Upstream::health_changed(Random& random) {
  all_->rebuild(random);
  for (auto& [labels, balancer] : subsets_)
    if (balancer) balancer->rebuild(random);
}

}  // namespace kumasim::sim::proxy
