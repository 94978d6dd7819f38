// What a cluster and a listener wait for before they come into use.
#include "sim/envoy/config/state.hpp"

namespace kumasim::sim::proxy {

bool ConfigState::secrets_ready(const std::set<std::string>& names) const {
  for (const auto& name : names) {
    auto found = secrets_.find(name);
    if (found == secrets_.end() || !found->second.ready) return false;
  }
  return true;
}

bool ConfigState::ready(const ClusterState& cluster) const {
  return cluster.has_endpoints && secrets_ready(cluster.config->secrets);
}

/// Envoy: ClusterImplBase::onInitDone; checks begin when endpoints and secrets are there.
bool ConfigState::checked(ClusterState& cluster) {
  using Checks = ClusterState::Checks;
  if (cluster.config->health_check && cluster.checks == Checks::not_begun)
    cluster.checks = observer_.check_hosts(cluster) ? Checks::awaited : Checks::done;
  return cluster.checks != Checks::awaited;
}

void ConfigState::hosts_checked(const std::string& cluster) {
  auto found = warming_clusters_.find(cluster);
  if (found == warming_clusters_.end()) return;
  found->second.checks = ClusterState::Checks::done;
  settle();
}

bool ConfigState::ready(const Listener& listener) const {
  for (const auto& name : listener.route_configs) {
    auto found = routes_.find(name);
    if (found == routes_.end() || !found->second.ready) return false;
  }
  return secrets_ready(listener.secrets);
}

bool ConfigState::warm_clusters() {
  bool moved = false;
  for (auto it = warming_clusters_.begin(); it != warming_clusters_.end();) {
    if (!ready(it->second) || !checked(it->second)) {
      ++it;
      continue;
    }
    auto& active = clusters_[it->first];
    active = std::move(it->second);
    it = warming_clusters_.erase(it);
    observer_.cluster_active(active);
    moved = true;
  }
  if (clusters_seen_ && warming_clusters_.empty()) clusters_initialized_ = true;
  return moved;
}

bool ConfigState::warm_listeners() {
  if (!live_) {
    // Workers start when every listener of the first response is ready; none serves before.
    if (!listeners_seen_) return false;
    for (const auto& [name, state] : warming_listeners_)
      if (!ready(*state.config)) return false;
    live_ = true;
  }
  bool moved = false;
  for (auto it = warming_listeners_.begin(); it != warming_listeners_.end();) {
    auto next = std::next(it);
    if (ready(*it->second.config)) {
      activate(it);
      moved = true;
    }
    it = next;
  }
  return moved;
}

void ConfigState::activate(std::map<std::string, ListenerState>::iterator warming) {
  auto& active = listeners_[warming->first];
  auto old = active.config;
  active = std::move(warming->second);
  warming_listeners_.erase(warming);
  observer_.listener_active(active, old);
}

}  // namespace kumasim::sim::proxy
