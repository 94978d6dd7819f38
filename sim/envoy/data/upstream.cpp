#include "sim/envoy/data/upstream.hpp"

#include <algorithm>

#include "sim/envoy/data/health_checker.hpp"
#include "sim/envoy/data/standing.hpp"

namespace kumasim::sim::proxy {
namespace {

/// By health checks, and at the same address. Of endpoints of one address.
bool checked_alike(const Endpoint& a, const Endpoint& b) {
  auto port = [](const Endpoint& endpoint) { return endpoint.check_port > 0 ? endpoint.check_port : endpoint.port; };
  return a.unchecked == b.unchecked && port(a) == port(b);
}

}  // namespace

Upstream::Upstream(const ClusterState& state, Stats& stats, MonotonicTime now, Random& random)
    : config_(state.config), stats_(stats), version_(state.version), since_(now) {
  if (config_->outlier) outliers_.emplace(*config_->outlier, stats, "cluster." + config_->name + ".outlier_detection.");
  set_endpoints(state, random);
}

Upstream::~Upstream() = default;

std::vector<UpstreamHostPtr> Upstream::set_endpoints(const ClusterState& state, Random& random) {
  endpoints_version_ = state.assignment_version;
  auto before = std::move(hosts_);
  hosts_.clear();
  const auto localities = std::exchange(localities_, {});
  locality_weights_.clear();
  subsets_.clear();
  std::vector<HostPtr> all;
  std::size_t locality_index = 0;
  static const LoadAssignment none;
  const auto& assignment = state.assignment ? *state.assignment : none;
  overprovisioning_percent_ = assignment.overprovisioning_percent;
  for (const auto& locality : assignment.localities) {
    localities_.push_back(locality.name);
    locality_weights_.push_back(locality.weight);
    for (const auto& endpoint : locality.endpoints) {
      if (hosts_.contains(endpoint.text)) continue;
      auto known = before.find(endpoint.text);
      // A host whose socket match changes needs other connections: Envoy makes a new host of it, as of one whose checks
      // change.
      bool alike = known != before.end() && checked_alike(known->second->endpoint, endpoint);
      bool same = known != before.end() && known->second->endpoint.socket_labels == endpoint.socket_labels &&
                  (alike || !config_->health_check);
      auto host = same ? known->second : std::make_shared<UpstreamHost>();
      if (same)
        before.erase(known);
      else if (config_->health_check && !endpoint.unchecked)
        host->check = alike ? known->second->check : CheckRecord{.failed = true, .pending = config_->wait_for_check};
      host->leaving = false;
      host->endpoint = endpoint;
      host->priority = locality.priority;
      host->locality = locality_index;
      hosts_[endpoint.text] = host;
      all.push_back(host);
    }
    ++locality_index;
  }
  if (config_->health_check && !config_->leaves_at_once) keep_passing(before, localities, all);
  ordered_ = all;
  all_ = make(std::move(all), random);
  count_members();
  std::vector<UpstreamHostPtr> gone;
  for (auto& [text, host] : before) {
    host->removed = true;
    gone.push_back(host);
  }
  return gone;
}

/// Of those that `left`; they keep their locality, which has no weight where discovery has none of it any more.
void Upstream::keep_passing(std::map<std::string, UpstreamHostPtr>& left, const std::vector<std::string>& localities,
                            std::vector<HostPtr>& all) {
  std::erase_if(left, [&](const auto& entry) {
    const auto& [text, host] = entry;
    if (host->check.failed || !host->endpoint.healthy || host->endpoint.unchecked || hosts_.contains(text))
      return false;
    host->leaving = true;
    const auto& name = localities.at(host->locality);
    auto found = std::find(localities_.begin(), localities_.end(), name);
    host->locality = static_cast<std::size_t>(found - localities_.begin());
    if (found == localities_.end()) {
      localities_.push_back(name);
      locality_weights_.push_back(0);
    }
    hosts_[text] = host;
    all.push_back(host);
    return true;
  });
}

void Upstream::remove(const UpstreamHostPtr& host, Random& random) {
  host->removed = true;
  hosts_.erase(host->endpoint.text);
  std::erase(ordered_, host);
  subsets_.clear();
  all_ = make(ordered_, random);
  count_members();
  if (checker) checker->watch(hosts_);
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

UpstreamHostPtr Upstream::pick(const Labels& wanted, Random& random, const PickBy& by) {
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
  return balancer ? std::static_pointer_cast<UpstreamHost>(balancer->pick(random, by)) : nullptr;
}

bool Upstream::pool_for(const UpstreamHost& host) const {
  auto in_use = [](const UpstreamHost& each) { return !each.wires.empty() || !each.pending.empty(); };
  if (config_->pools_max >= hosts_.size() || in_use(host)) return true;
  auto pools = std::ranges::count_if(hosts_, [&](const auto& entry) { return in_use(*entry.second); });
  return static_cast<std::uint64_t>(pools) < config_->pools_max;
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

const TlsContext* Upstream::socket(const Endpoint& endpoint) const { return socket_for(*config_, endpoint); }

ConnectOptions Upstream::way_to(const Endpoint& endpoint, World& world) const {
  ConnectOptions out;
  out.host = endpoint.host;
  out.port = endpoint.port;
  if (auto* named = world.find_process(out.host)) out.host = named->address();
  out.tls = socket(endpoint);
  out.from_proxy = true;
  if (endpoint.pipe) out.host = "127.0.0.1";  // nothing listens on port 0: refused, as a socket file that is not there
  return out;
}

OutlierDetector::Records Upstream::records() const {
  OutlierDetector::Records out;
  for (const auto& host : ordered_) out.push_back(&host->outlier);
  return out;
}

bool Upstream::report(UpstreamHost& host, Origin origin, int status, MonotonicTime now, Random& random) {
  if (!outliers_ || host.removed) return false;
  if (outliers_->report(records(), host.outlier, origin, status, now, random)) health_changed(random);
  return true;
}

bool Upstream::interval_over(MonotonicTime now, Random& random) {
  if (outliers_->interval(records(), now, random)) health_changed(random);
  return OutlierDetector::waiting(records());
}

bool Upstream::checked(const UpstreamHostPtr& host, CheckResult result, MonotonicTime now, Random& random) {
  bool changed = result.changed;
  if (result.passed && outliers_ && !host->check.failed) changed |= outliers_->passed(host->outlier, now);
  if (!changed || host->removed) return false;
  if (host->check.failed && host->leaving)
    remove(host, random);
  else
    health_changed(random);
  return result.changed && host->check.failed;
}

Duration Upstream::interval_left(MonotonicTime now) const {
  auto period = outliers_->period();
  return period - (now - since_) % period;
}

void Upstream::health_changed(Random& random) {
  all_->rebuild(random);
  for (auto& [labels, balancer] : subsets_)
    if (balancer) balancer->rebuild(random);
  count_members();
}

void Upstream::count_members() const {
  if (!config_->health_check) return;
  auto count = [&](auto&& of) {
    return static_cast<std::uint64_t>(std::count_if(ordered_.begin(), ordered_.end(), of));
  };
  auto prefix = "cluster." + config_->name + ".membership_";
  stats_.set(prefix + "total", ordered_.size());
  stats_.set(prefix + "healthy", count([](const auto& host) { return host->healthy(); }));
  stats_.set(prefix + "degraded", count([](const auto& host) { return host->degraded(); }));
  stats_.set(prefix + "excluded", count([](const auto& host) { return host->excluded(); }));
}

}  // namespace kumasim::sim::proxy
