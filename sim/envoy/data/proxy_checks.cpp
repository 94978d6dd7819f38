// A proxy's side of active health checks: clusters that wait for the first of them, and what outcomes do to hosts.
#include "sim/envoy/data/health_checker.hpp"
#include "sim/envoy/data/proxy.hpp"

namespace kumasim::sim::proxy {

UpstreamPtr Proxy::make_upstream(const ClusterState& state) {
  auto out = std::make_shared<Upstream>(state, stats(), now(), random());
  for (const auto& [text, host] : out->hosts()) host->upstream = out;
  if (!state.config->health_check) return out;
  out->checker = std::make_unique<HealthChecker>(
      fabric(), process(), *out, config_,
      [this, raw = out.get()](const UpstreamHostPtr& host, CheckResult result) { host_checked(*raw, host, result); });
  out->checker->watch(out->hosts());
  return out;
}

/// Connections end once they are idle, and so do the checks.
void Proxy::give_up(const UpstreamPtr& upstream) {
  if (upstream->checker) upstream->checker->stop();
  upstream->checker.reset();
  for (const auto& [text, host] : upstream->hosts()) retire(host);
}

bool Proxy::check_hosts(const ClusterState& state) {
  auto& slot = checking_[state.config->name];
  slot = make_upstream(state);
  slot->checks_awaited = slot->checker->watched();
  return slot->checks_awaited > 0;
}

void Proxy::checks_dropped(const std::string& cluster) {
  auto found = checking_.find(cluster);
  if (found == checking_.end()) return;
  give_up(found->second);
  checking_.erase(found);
}

void Proxy::host_checked(Upstream& upstream, const UpstreamHostPtr& host, CheckResult result) {
  if (upstream.checked(host, result, now(), random())) retire(host);
  // Envoy counts outcomes, whichever host they are of (ClusterImplBase::onInitDone).
  if (upstream.checks_awaited == 0 || --upstream.checks_awaited > 0) return;
  auto awaiting = checking_.find(upstream.config().name);
  if (awaiting == checking_.end() || awaiting->second.get() != &upstream) return;
  after(Duration::zero(), [this, checked = awaiting->second] {
    const auto& name = checked->config().name;
    auto found = checking_.find(name);
    if (found == checking_.end() || found->second != checked) return;
    config_.hosts_checked(name);
    if (on_moved_) on_moved_();
  });
}

/// Envoy's router tells the health checker what an answer's header says of its host.
void Proxy::note_health(const Attempt& attempt, const Response& response) {
  if (!attempt.upstream->checker || attempt.host->removed) return;
  if (find_header(response.headers, "x-envoy-immediate-health-check-fail"))
    attempt.upstream->checker->fail(attempt.host);
}

}  // namespace kumasim::sim::proxy
