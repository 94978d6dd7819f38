// The client's side of a proxy's connections: pools of HTTP connections and what their events do to streams.
#include <algorithm>

#include "sim/envoy/data/grpc_status.hpp"
#include "sim/envoy/data/http_stream.hpp"
#include "sim/envoy/data/session.hpp"

namespace kumasim::sim::proxy {
namespace {

/// A connection may take one more request.
bool usable(const Wire& wire, const Cluster& config) {
  if (!wire.open || wire.retired) return false;
  if (config.requests_per_connection_max > 0 && wire.requests >= config.requests_per_connection_max) return false;
  return config.http2 || wire.active.empty();
}

/// What outlier detection goes by: of an answer to gRPC the status of gRPC (Envoy: Router::Filter::onUpstreamHeaders).
int judged_status(const Exchange& exchange) {
  auto status = grpc_status(exchange.response.headers);
  return status && is_grpc(exchange.request.headers) ? http_of_grpc(*status) : exchange.response.status;
}

}  // namespace

WirePtr Proxy::open(const UpstreamPtr& upstream, const UpstreamHostPtr& host, std::shared_ptr<void> owner) {
  auto pool = std::static_pointer_cast<PoolWire>(owner);
  ++upstream->connections;
  stats().add("cluster." + upstream->config().name + ".upstream_cx_total");
  auto o = upstream->way_to(host->endpoint, fabric().world());
  if (pool->session && pool->session->carries) o.carries = pool->session->down;
  auto wire = fabric().connect(*this, o);
  wire->owner = pool;
  pool->connect_timer = after(upstream->config().connect_timeout, [this, wire] {
    auto mine = std::static_pointer_cast<PoolWire>(wire->owner);
    if (!mine || wire->open) return;
    mine->connect_timer = {};
    stats().add("cluster." + mine->upstream->config().name + ".upstream_cx_connect_timeout");
    fabric().close_by_client(wire);
    pool_connect_failed(wire, "timeout", "");
  });
  return wire;
}

bool Proxy::submit(const AttemptPtr& attempt) {
  auto& upstream = *attempt->upstream;
  const auto& config = upstream.config();
  bool free = std::any_of(attempt->host->wires.begin(), attempt->host->wires.end(),
                          [&](const auto& w) { return usable(*w, config); });
  if (!free && upstream.pending >= config.pending_max) {
    stats().add("cluster." + config.name + ".upstream_rq_pending_overflow");
    return false;
  }
  attempt->waiting = true;
  ++upstream.pending;
  attempt->host->pending.push_back(attempt);
  flush(attempt->upstream, attempt->host);
  return true;
}

/// Requests that wait go to connections that are free; then as many connections are opened as are wanted and allowed.
void Proxy::flush(const UpstreamPtr& upstream, const UpstreamHostPtr& host) {
  const auto& config = upstream->config();
  while (!host->pending.empty()) {
    WirePtr found;
    for (std::size_t i = 0; i < host->wires.size() && !found; ++i) {
      auto wire = host->wires[i];
      if (!usable(*wire, config)) continue;
      bool idle = wire->active.empty() && config.idle_timeout > Duration::zero() && wire->requests > 0;
      if (idle && now() - wire->last_used > config.idle_timeout) {
        wire->retired = true;  // its idle timer would have closed it
        continue;
      }
      found = wire;
    }
    if (!found) break;
    auto attempt = host->pending.front();
    host->pending.pop_front();
    attempt->waiting = false;
    --upstream->pending;
    if (upstream->requests >= config.requests_max)
      overflow(attempt);
    else
      send(attempt, found);
  }
  auto wires = host->wires;
  for (const auto& wire : wires)
    if (wire->open && wire->retired && wire->active.empty()) {
      fabric().close_by_client(wire);
      release(wire);
    }
  if (host->pending.empty()) return;
  auto connecting = static_cast<std::size_t>(
      std::count_if(host->wires.begin(), host->wires.end(), [](const auto& w) { return !w->open; }));
  auto wanted = config.http2 ? std::size_t{1} : host->pending.size();
  while (connecting < wanted && (upstream->connections < config.connections_max || host->wires.empty())) {
    auto pool = std::make_shared<PoolWire>();
    pool->upstream = upstream;
    pool->host = host;
    host->wires.push_back(open(upstream, host, pool));
    ++connecting;
  }
}

/// A connection is free, but the cluster has as many requests under way as it may.
void Proxy::overflow(const AttemptPtr& attempt) {
  stats().add("cluster." + attempt->upstream->config().name + ".upstream_rq_pending_overflow");
  auto stream = std::move(attempt->stream);
  stream->on_reset(attempt, ResetReason::overflow, "");
}

/// It no longer counts, whatever came of it.
void Proxy::finished(const AttemptPtr& attempt) {
  if (!std::exchange(attempt->sent, false)) return;
  --attempt->upstream->requests;
  --attempt->host->active;
}

/// What waits for a connection is not under way yet, to least request neither (Envoy:
/// ConnPoolImplBase::attachStreamToClient).
void Proxy::send(const AttemptPtr& attempt, const WirePtr& wire) {
  attempt->sent = true;
  ++attempt->upstream->requests;
  ++attempt->host->active;
  stats().add("cluster." + attempt->upstream->config().name + ".upstream_rq_total");
  auto exchange = std::make_shared<Exchange>();
  exchange->id = fabric().next_id();
  exchange->request = attempt->stream->request();
  exchange->record = attempt->stream->down()->record;
  exchange->wire = wire;
  exchange->owner = attempt;
  attempt->exchange = exchange;
  wire->last_used = now();
  auto& record = *exchange->record;
  if (!record.closed && attempt->stream->down()->first_hop && !wire->server_spiffe_id.empty())
    record.result.peer_spiffe_id = wire->server_spiffe_id;
  count_answer(attempt, Origin::connected, 0);
  fabric().request(exchange);
  attempt->stream->on_sent(attempt);
}

void Proxy::abandon(const AttemptPtr& attempt) {
  cancel(attempt->try_timer);
  cancel(attempt->stream_timer);
  finished(attempt);
  if (attempt->waiting) {
    attempt->waiting = false;
    --attempt->upstream->pending;
    std::erase(attempt->host->pending, attempt);
  }
  if (!attempt->exchange) return;
  auto wire = attempt->exchange->wire;
  attempt->exchange->owner.reset();
  fabric().give_up(attempt->exchange);
  // A stream of HTTP/2 is reset; HTTP/1.1 has no other way than to close the connection.
  if (!attempt->upstream->config().http2 && wire->open) {
    fabric().close_by_client(wire);
    release(wire);
  }
}

void Proxy::count_answer(const AttemptPtr& attempt, Origin origin, int status) {
  if (attempt->upstream->report(*attempt->host, origin, status, now(), random())) watch_outliers(attempt->upstream);
}

/// Of a session of the TCP proxy, as Envoy's: once when it is connected, or when that failed. One that stands is a
/// request of its host and its cluster until it ends, though the cluster's limit of them is not its own (Envoy:
/// TcpConnPoolImpl::enforceMaxRequests).
void Proxy::count_connection(PoolWire& pool, Origin origin, int status) {
  if (pool.stands) return;
  if (origin == Origin::stands) {
    pool.stands = true;
    if (std::exchange(pool.waits, false)) --pool.upstream->pending;
    ++pool.upstream->requests;
    ++pool.host->active;
    stats().add("cluster." + pool.upstream->config().name + ".upstream_rq_total");
  }
  if (pool.upstream->report(*pool.host, origin, status, now(), random())) watch_outliers(pool.upstream);
}

/// An interval is waited for only while there is something to judge; their ends lie where Envoy's timer would put them.
void Proxy::watch_outliers(const UpstreamPtr& upstream) {
  if (upstream->interval_armed) return;
  upstream->interval_armed = true;
  after(upstream->interval_left(now()), [this, upstream] {
    upstream->interval_armed = false;
    if (this->upstream(upstream->config().name) != upstream) return;  // the cluster was changed or removed
    if (upstream->interval_over(now(), random())) watch_outliers(upstream);
  });
}

/// The handshake that it passes on is no affair of this proxy's.
void Proxy::on_reached(const WirePtr& wire) {
  auto pool = std::static_pointer_cast<PoolWire>(wire->owner);
  if (!pool) return;
  cancel(pool->connect_timer);
  count_connection(*pool, Origin::stands, 200);
}

void Proxy::on_connected(const WirePtr& wire) {
  auto pool = std::static_pointer_cast<PoolWire>(wire->owner);
  if (!pool) return;
  cancel(pool->connect_timer);
  if (pool->session) {
    count_connection(*pool, Origin::stands, 200);
    for (auto& down : std::exchange(pool->session->waiting, {})) tunnel_send(pool->session, down);
    return;
  }
  if (auto most = pool->upstream->config().connection_duration_max; most > Duration::zero())
    pool->age_timer = after(most, [this, wire] {
      auto mine = std::static_pointer_cast<PoolWire>(wire->owner);
      if (!mine) return;
      mine->age_timer = {};
      stats().add("cluster." + mine->upstream->config().name + ".upstream_cx_max_duration_reached");
      wire->retired = true;
      if (!wire->active.empty()) return;
      fabric().close_by_client(wire);
      release(wire);
    });
  flush(pool->upstream, pool->host);
}

std::string Proxy::on_server_certificate(const WirePtr& wire) {
  auto pool = std::static_pointer_cast<PoolWire>(wire->owner);
  if (!pool) return {};
  const auto* tls = pool->upstream->socket(pool->host->endpoint);
  if (!tls) return {};
  return meet_server(*wire, *tls, config_, pool->upstream->config().name, fabric().cache()->certificates(),
                     process().runtime().clock.wall_now());
}

void Proxy::on_response(const ExchangePtr& exchange) {
  auto wire = exchange->wire;
  auto pool = std::static_pointer_cast<PoolWire>(wire->owner);
  if (pool && pool->session) {
    auto down = std::static_pointer_cast<Exchange>(exchange->owner);
    exchange->owner.reset();
    down->response = exchange->response;
    down->response.last |= wire->retired;
    fabric().respond(down);
    return;
  }
  auto attempt = std::static_pointer_cast<Attempt>(exchange->owner);
  if (!attempt) return;
  exchange->owner.reset();
  attempt->exchange = nullptr;
  cancel(attempt->try_timer);
  cancel(attempt->stream_timer);
  finished(attempt);
  wire->last_used = now();
  auto most = attempt->upstream->config().requests_per_connection_max;
  if (exchange->response.last || (most > 0 && wire->requests >= most)) wire->retired = true;
  stats().add("cluster." + attempt->upstream->config().name + ".upstream_rq_" +
              std::to_string(exchange->response.status / 100) + "xx");
  count_answer(attempt, Origin::server, judged_status(*exchange));
  note_health(*attempt, exchange->response);
  flush(attempt->upstream, attempt->host);
  if (wire->open && wire->retired && wire->active.empty()) {
    fabric().close_by_client(wire);
    release(wire);
  }
  auto response = std::move(exchange->response);
  response.last = false;
  auto stream = std::move(attempt->stream);
  stream->on_upstream_response(attempt, std::move(response));
}

/// The pool forgets the connection.
void Proxy::release(const WirePtr& wire) {
  auto pool = std::static_pointer_cast<PoolWire>(wire->owner);
  if (!pool) return;
  wire->owner.reset();
  cancel(pool->connect_timer);
  cancel(pool->age_timer);
  if (std::exchange(pool->waits, false)) --pool->upstream->pending;
  if (std::exchange(pool->stands, false)) {
    --pool->upstream->requests;
    --pool->host->active;
  }
  --pool->upstream->connections;
  std::erase(pool->host->wires, wire);
}

/// Everything that waits for the host fails with the connection (Envoy: a failed connect purges the pending requests).
void Proxy::pool_connect_failed(const WirePtr& wire, const std::string& reason, const std::string& failure) {
  auto pool = std::static_pointer_cast<PoolWire>(wire->owner);
  if (!pool) return;
  auto session = pool->session;
  const bool stood = pool->stands;
  release(wire);
  if (session && failure.starts_with("TLS_error")) session->down->failure = failure;  // an alert goes on as it is
  if (session) session->up = nullptr;
  // It was connected; what failed is the handshake that is passed on.
  if (session && stood) return end_tunnel(session, WireEnd::tls_failed);
  stats().add("cluster." + pool->upstream->config().name + ".upstream_cx_connect_fail");
  if (session) {
    const bool timeout = reason == "timeout";
    count_connection(*pool, timeout ? Origin::local_timeout : Origin::local_failure, timeout ? 504 : 503);
    tunnel_flag(*session, "UF", "");
    if (tunnel_again(session, "remote_connection_failure")) tunnel_connect(session);
    return;
  }
  auto waiting = std::exchange(pool->host->pending, {});
  auto kind = reason == "timeout" ? ResetReason::connect_timeout : ResetReason::connect_failure;
  for (const auto& attempt : waiting) {
    attempt->waiting = false;
    --pool->upstream->pending;
    count_answer(attempt, Origin::local_failure, 503);
    auto stream = std::move(attempt->stream);
    stream->on_reset(attempt, kind, failure);
  }
}

void Proxy::on_closed(const WirePtr& wire, WireEnd how) {
  auto pool = std::static_pointer_cast<PoolWire>(wire->owner);
  if (!pool) return;
  if (!wire->open) {
    auto failure = wire->failure;
    if (failure.empty() && how == WireEnd::tls_failed) failure = "TLS_error:Connection closed during the handshake";
    return pool_connect_failed(wire, "refused", failure);
  }
  release(wire);
  if (pool->session) {
    auto session = pool->session;
    session->up = nullptr;
    if (session->carries) session->down->failure = wire->failure;
    return end_tunnel(session, how);
  }
  auto active = std::exchange(wire->active, {});
  for (const auto& exchange : active) {
    auto attempt = std::static_pointer_cast<Attempt>(exchange->owner);
    exchange->given_up = true;
    exchange->owner.reset();
    if (!attempt) continue;
    cancel(attempt->try_timer);
    cancel(attempt->stream_timer);
    attempt->exchange = nullptr;
    finished(attempt);
    count_answer(attempt, Origin::local_failure, 503);
    auto stream = std::move(attempt->stream);
    stream->on_reset(attempt, ResetReason::connection_termination, how == WireEnd::tls_failed ? wire->failure : "");
  }
  flush(pool->upstream, pool->host);
}

/// The host is no longer used: idle connections close now, the others after their answers.
void Proxy::retire(const UpstreamHostPtr& host) {
  auto wires = host->wires;
  for (const auto& wire : wires) {
    wire->retired = true;
    if (wire->open && wire->active.empty()) {
      auto pool = std::static_pointer_cast<PoolWire>(wire->owner);
      if (pool && pool->session) continue;
      fabric().close_by_client(wire);
      release(wire);
    }
  }
}

}  // namespace kumasim::sim::proxy
