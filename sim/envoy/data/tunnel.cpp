// The TCP proxy: one upstream connection for each downstream one, chosen when the first bytes come.
#include "sim/envoy/data/cluster_choice.hpp"
#include "sim/envoy/data/response_flags.hpp"
#include "sim/envoy/data/session.hpp"

namespace kumasim::sim::proxy {
namespace {

/// An attempt at a full cluster takes no time. No client would wait for more of them than these, however many may be
/// made.
constexpr int full_max = 1000;

}  // namespace

void Proxy::tunnel(const ExchangePtr& exchange, const TcpProxy& filter) {
  auto found = tunnels_.find(exchange->wire->id);
  if (found != tunnels_.end()) {
    auto session = found->second;
    if (session->up && session->up->open)
      tunnel_send(session, exchange);
    else
      session->waiting.push_back(exchange);
    return;
  }
  auto session = make_tunnel(exchange->wire, filter);
  session->first = exchange;
  session->waiting.push_back(exchange);
  tunnel_connect(session);
}

/// A session whose cluster is chosen.
std::shared_ptr<Proxy::TunnelWire> Proxy::make_tunnel(const WirePtr& down, const TcpProxy& filter) {
  auto session = std::make_shared<TunnelWire>();
  session->down = down;
  session->filter = &filter;
  tunnels_[down->id] = session;
  session->choice = &choose_cluster(filter.clusters, filter.weight_total, random());
  return session;
}

/// Attempts up to max_connect_attempts. Envoy's TCP proxy picks its route anew for each but the first, so that another
/// of the weighted clusters may get it; what has no cluster, no room for a connection or no host is not tried again.
void Proxy::tunnel_connect(const std::shared_ptr<TunnelWire>& session) {
  for (int full = 0; !session->over;) {
    auto* record = session->first ? session->first->record.get() : nullptr;
    auto step = [&](std::string_view kind, std::string what, std::string version = {}) {
      if (record != nullptr) return record->step(name(), kind, std::move(what), std::move(version));
      session->way.push_back({name(), kind, std::move(what), std::move(version)});
    };
    bool first_hop = record != nullptr && session->first->first_hop && !record->closed;
    const auto& name_of_cluster = session->choice->cluster;
    auto target = upstream(name_of_cluster);
    if (!target) {
      step("cluster", name_of_cluster + ": not found");
      return tunnel_failed(session, "NC", "cluster_not_found");
    }
    if (first_hop) record->result.cluster = name_of_cluster;
    if (session->attempts == 0 || session->filter->clusters.size() > 1)
      step("cluster", name_of_cluster, target->version());
    const auto& config = target->config();
    if (target->connections >= config.connections_max)
      return tunnel_failed(session, "UO", "upstream_reset_before_response_started{overflow}");
    auto host = config.type == Cluster::Type::original_dst
                    ? target->original(session->down->hello.destination_ip, session->down->hello.destination_port)
                    : target->pick(session->choice->subset, random());
    if (!host) {
      step("endpoint", "none healthy", target->endpoints_version());
      return tunnel_failed(session, "UH", "no_healthy_upstream");
    }
    ++session->attempts;
    if (first_hop) ++record->result.attempts;
    if (target->pending >= config.pending_max) {
      stats().add("cluster." + config.name + ".upstream_rq_pending_overflow");
      if (full == 0) step("endpoint", "too many wait for a connection", target->endpoints_version());
      if (first_hop) record->result.endpoint.clear();
      if (++full == full_max) return tunnel_failed(session, "URX", "upstream_reset_before_response_started{overflow}");
      if (!tunnel_again(session, "overflow")) return;
      continue;
    }
    step("endpoint", host->endpoint.text, target->endpoints_version());
    if (first_hop) record->result.endpoint = host->endpoint.text;
    auto pool = std::make_shared<PoolWire>();
    pool->upstream = target;
    pool->host = host;
    pool->session = session;
    pool->waits = true;
    ++target->pending;
    session->up = open(target, host, pool);
    return;
  }
}

/// After an attempt that failed: whether there is another, to a cluster that is chosen anew.
bool Proxy::tunnel_again(const std::shared_ptr<TunnelWire>& session, const std::string& reason) {
  if (session->over) return false;
  if (session->attempts >= session->filter->connect_attempts_max) {
    tunnel_failed(session, "URX", "upstream_reset_before_response_started{" + reason + "}");
    return false;
  }
  session->choice = &choose_cluster(session->filter->clusters, session->filter->weight_total, random());
  return true;
}

void Proxy::tunnel_send(const std::shared_ptr<TunnelWire>& session, const ExchangePtr& down) {
  for (const Step& step : session->way) down->record->step(step.proxy, step.kind, step.name, step.version);
  auto up = std::make_shared<Exchange>();
  up->id = fabric().next_id();
  up->request = down->request;
  up->record = down->record;
  up->wire = session->up;
  up->owner = down;
  if (down->first_hop && !down->record->closed && !session->up->server_spiffe_id.empty())
    down->record->result.peer_spiffe_id = session->up->server_spiffe_id;
  fabric().request(up);
}

/// Flags stay, though another attempt may succeed.
void Proxy::tunnel_flag(TunnelWire& session, const std::string& flag, const std::string& details) {
  add_flag(session.flags, flag);
  if (session.first) note(session.first, session.flags, details);
}

void Proxy::tunnel_failed(const std::shared_ptr<TunnelWire>& session, const std::string& flag,
                          const std::string& details) {
  tunnel_flag(*session, flag, details);
  if (session->first) session->first->record->step(name(), "reply", "closed: " + details + " " + session->flags);
  end_tunnel(session, WireEnd::tls_failed);
}

/// Closes both sides. `how`: what a client hears whose TLS was passed on.
void Proxy::end_tunnel(const std::shared_ptr<TunnelWire>& session, WireEnd how) {
  auto down = session->down;
  close_tunnel(down->id);
  accepted_.erase(down->id);
  fabric().close_by_server(down, session->carries ? how : WireEnd::closed_by_peer);
}

/// Ends the session's upstream side.
void Proxy::close_tunnel(std::uint64_t downstream) {
  auto found = tunnels_.find(downstream);
  if (found == tunnels_.end()) return;
  auto session = found->second;
  tunnels_.erase(found);
  session->over = true;
  session->waiting.clear();
  if (auto up = std::exchange(session->up, nullptr)) {
    for (auto& exchange : up->active) exchange->owner.reset();
    up->active.clear();
    fabric().close_by_client(up);
    release(up);
  }
}

}  // namespace kumasim::sim::proxy
