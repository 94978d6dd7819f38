#include "sim/envoy/data/proxy.hpp"

#include <algorithm>

#include "sim/envoy/data/health_checker.hpp"
#include "sim/envoy/data/http_stream.hpp"
#include "sim/envoy/data/session.hpp"

namespace kumasim::sim::proxy {
namespace {

bool has_chain(const Listener& listener, const FilterChain& chain) {
  return std::any_of(listener.chains.begin(), listener.chains.end(),
                     [&](const auto& other) { return other->hash == chain.hash; });
}

}  // namespace

Proxy::Proxy(Fabric& fabric, Process& process, ProxyOptions options)
    : End(fabric, process), options_(std::move(options)), config_(fabric.cache(), *this) {
  if (options_.name.empty()) options_.name = process.name();
}

Proxy::~Proxy() {
  for (const auto* all : {&upstreams_, &checking_})
    for (const auto& [name, upstream] : *all) upstream->checker.reset();
  // Attempts and streams hold each other while they run, and hosts what waits for them.
  for (const auto& [id, wire] : wires()) {
    auto pool = wire->client == this ? std::static_pointer_cast<PoolWire>(wire->owner) : nullptr;
    if (!pool) continue;
    for (const auto& attempt : std::exchange(pool->host->pending, {})) attempt->stream.reset();
    pool->host->wires.clear();
    if (pool->session) continue;
    for (const auto& exchange : wire->active)
      if (auto attempt = std::static_pointer_cast<Attempt>(exchange->owner)) attempt->stream.reset();
  }
}

// --- configuration that comes into use

void Proxy::listener_active(const ListenerState& fresh, const ListenerPtr& old) {
  if (old) {
    unbind_listener(*old);
    drain(old, &fresh);
  }
  const auto& l = *fresh.config;
  if (l.udp || l.pipe || l.host.empty()) return;
  bound_[{l.host, l.port}] = {fresh.config, fresh.version};
  fabric().bind(*this, Fabric::Role::proxy, l.host, l.port);
  if (l.use_original_dst && l.outbound) fabric().bind_capture(*this, l.port);
}

void Proxy::listener_removed(const ListenerPtr& old) {
  unbind_listener(*old);
  drain(old, nullptr);
}

void Proxy::unbind_listener(const Listener& l) {
  auto found = bound_.find({l.host, l.port});
  if (found == bound_.end() || found->second.first.get() != &l) return;
  bound_.erase(found);
  fabric().unbind(*this, Fabric::Role::proxy, l.host, l.port);
}

/// Connections of the old listener end within the drain time. Where nothing but filter chains changed, those whose
/// chain is among the new ones stay and belong to the new listener (Envoy: ListenerImpl::supportUpdateFilterChain and
/// diffFilterChain).
void Proxy::drain(const ListenerPtr& old, const ListenerState* fresh) {
  bool in_place = fresh && !fresh->config->chains.empty() && fresh->config->rest == old->rest;
  settle_buckets(*old, in_place ? fresh->config.get() : nullptr);
  auto stays = [&](const FilterChainPtr& chain) {
    if (!chain) return true;  // none is chosen yet: it will be one of the new ones
    const auto& l = *fresh->config;
    return has_chain(l, *chain) || (l.default_chain && l.default_chain->hash == chain->hash);
  };
  for (auto& [id, wire] : accepted_) {
    if (wire->listener != old || wire->draining) continue;
    if (in_place && stays(wire->chain)) {
      wire->listener = fresh->config;
      wire->listener_version = fresh->version;
      continue;
    }
    drain(wire, now());
  }
}

void Proxy::drain(const WirePtr& wire, MonotonicTime since) {
  wire->draining = true;
  wire->drain_started = since;
  after(std::max(since + options_.drain_time - now(), Duration(0)), [this, id = wire->id] {
    auto found = accepted_.find(id);
    if (found == accepted_.end()) return;
    auto gone = found->second;
    accepted_.erase(found);
    close_tunnel(id);
    fabric().close_by_server(gone);
  });
}

void Proxy::drain_all(Duration time) {
  options_.drain_time = time;
  draining_since_ = now();
  for (auto& [id, wire] : accepted_) {
    if (!wire->draining) drain(wire, now());
  }
}

bool Proxy::last_answer(Wire& wire) {
  if (!wire.draining || options_.drain_time <= Duration::zero()) return wire.draining;
  // Envoy closes with a probability that grows over the drain time, so that clients do not all come back at once.
  auto elapsed = static_cast<std::uint64_t>((now() - wire.drain_started).count());
  return random().below(static_cast<std::uint64_t>(options_.drain_time.count())) < elapsed;
}

void Proxy::cluster_active(const ClusterState& state) {
  const auto& name = state.config->name;
  auto& slot = upstreams_[name];
  if (slot) give_up(slot);
  auto checked = checking_.extract(name);
  slot = checked.empty() ? make_upstream(state) : checked.mapped();
}

void Proxy::cluster_removed(const std::string& name) {
  auto found = upstreams_.find(name);
  if (found == upstreams_.end()) return;
  give_up(found->second);
  upstreams_.erase(found);
}

void Proxy::endpoints_changed(const ClusterState& state) {
  const auto& used = state.checks == ClusterState::Checks::awaited ? checking_ : upstreams_;
  auto found = used.find(state.config->name);
  if (found == used.end()) return;
  auto upstream = found->second;
  for (const auto& host : upstream->set_endpoints(state, random())) retire(host);
  for (const auto& [text, host] : upstream->hosts()) host->upstream = upstream;
  if (upstream->checker) upstream->checker->watch(upstream->hosts());
}

void Proxy::arm_fetch_timeout(Type type, const std::string& name, std::uint64_t token, Duration delay) {
  after(delay, [this, type, name, token] {
    config_.fetch_timed_out(type, name, token);
    if (on_moved_) on_moved_();
  });
}

UpstreamPtr Proxy::upstream(const std::string& name) const {
  auto found = upstreams_.find(name);
  return found == upstreams_.end() ? nullptr : found->second;
}

// --- the server's side of connections

ListenerPtr Proxy::find_listener(const Wire& wire, std::string* version) const {
  auto take = [&](const std::pair<std::string, std::uint16_t>& place) -> ListenerPtr {
    auto found = bound_.find(place);
    if (found == bound_.end()) return nullptr;
    *version = found->second.second;
    return found->second.first;
  };
  const auto& host = wire.hello.destination_ip;
  auto port = wire.hello.destination_port;
  for (const auto& address :
       {host, std::string(host == "localhost" ? "127.0.0.1" : "0.0.0.0"), std::string("0.0.0.0"), std::string("::")})
    if (auto listener = take({address, port})) return listener;
  // Redirected: the listener with use_original_dst of the right direction and family.
  auto v6 = [](const std::string& address) { return address.find(':') != std::string::npos; };
  for (const auto& [place, entry] : bound_)
    if (entry.first->use_original_dst && entry.first->outbound == wire.same_machine && v6(place.first) == v6(host)) {
      *version = entry.second;
      return entry.first;
    }
  return nullptr;
}

bool Proxy::on_accept(const WirePtr& wire) {
  wire->listener = find_listener(*wire, &wire->listener_version);
  if (!wire->listener) return false;
  auto prefix = "listener." + wire->listener->name;
  stats().add(prefix + ".downstream_cx_total");
  if (!wire->tls) {
    wire->chain = wire->listener->find(wire->hello);
    if (!wire->chain) {
      stats().add(prefix + ".no_filter_chain_match");
      return false;
    }
    wire->garbage = wire->chain->tls.has_value();
    if (wire->chain->filters.empty() || !admit(*wire)) return false;
  }
  accepted_[wire->id] = wire;
  if (draining_since_) drain(wire, *draining_since_);
  return true;
}

/// A TCP proxy of a chain without TLS of its own carries that of its clients as it is.
bool Proxy::passes_on(const WirePtr& wire) {
  auto chain = wire->listener->find(wire->hello);
  if (!chain || chain->tls || chain->filters.empty()) return false;
  const auto* tcp = std::get_if<TcpProxy>(&chain->filters.back().what);
  if (tcp == nullptr) return false;
  wire->chain = chain;
  if (!admit(*wire)) {
    accepted_.erase(wire->id);
    fabric().close_by_server(wire, WireEnd::tls_failed);
    return true;
  }
  auto session = make_tunnel(wire, *tcp);
  session->carries = true;
  tunnel_connect(session);
  return true;
}

ChainPtr Proxy::on_hello(const WirePtr& wire) {
  wire->chain = wire->listener->find(wire->hello);
  if (!wire->chain) {
    stats().add("listener." + wire->listener->name + ".no_filter_chain_match");
    return nullptr;
  }
  if (!admit(*wire)) {
    accepted_.erase(wire->id);
    return nullptr;
  }
  if (!wire->chain->tls) {
    wire->failure = "TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end";
    return nullptr;
  }
  const auto& tls = *wire->chain->tls;
  wire->version = std::min(wire->version, tls.version_max);
  if (wire->version < tls.version_min) {
    wire->failure = "TLS_error:|268436526:SSL routines:OPENSSL_internal:TLSV1_ALERT_PROTOCOL_VERSION:TLS_error_end";
    return nullptr;
  }
  auto mine = material(tls, config_);
  if (mine.secrets_missing || !mine.certificate) {
    stats().add("listener." + wire->listener->name + ".server_ssl_socket_factory.downstream_context_secrets_not_ready");
    return nullptr;
  }
  if (wire->version < 0x0304 && (!tls.ciphers.empty() || !wire->hello.ciphers.empty()) &&
      !share_cipher(wire->hello.ciphers, tls.ciphers, mine.certificate->elliptic)) {
    wire->failure = "TLS_error:|268436496:SSL routines:OPENSSL_internal:SSLV3_ALERT_HANDSHAKE_FAILURE:TLS_error_end";
    return nullptr;
  }
  return mine.certificate;
}

bool Proxy::on_client_certificate(const WirePtr& wire) {
  if (!wire->chain || !wire->chain->tls) return false;
  const auto& tls = *wire->chain->tls;
  auto mine = material(tls, config_);
  bool asks = tls.require_client_certificate || mine.validation;
  if (!asks) {
    wire->client_chain = nullptr;
    return true;
  }
  auto prefix = "listener." + wire->listener->name + ".ssl";
  if (!wire->client_chain) {
    if (!tls.require_client_certificate) return true;
    stats().add(prefix + ".fail_verify_no_cert");
    wire->failure = "TLS_error:|268436496:SSL routines:OPENSSL_internal:SSLV3_ALERT_HANDSHAKE_FAILURE:TLS_error_end";
  } else {
    auto error = judge(mine.validation, *wire->client_chain, fabric().cache()->certificates(),
                       process().runtime().clock.wall_now());
    if (error.empty()) {
      wire->client_spiffe_id = spiffe_id(wire->client_chain);
      stats().add(prefix + ".handshake");
      return true;
    }
    stats().add(prefix + ".fail_verify_error");
    // What the client learns of it: the alert.
    wire->failure =
        error.find("expired") != std::string::npos
            ? "TLS_error:|268436501:SSL routines:OPENSSL_internal:SSLV3_ALERT_CERTIFICATE_EXPIRED:TLS_error_end"
            : "TLS_error:|268436502:SSL routines:OPENSSL_internal:SSLV3_ALERT_CERTIFICATE_UNKNOWN:TLS_error_end";
  }
  accepted_.erase(wire->id);
  return false;
}

void Proxy::on_client_gone(const WirePtr& wire) {
  accepted_.erase(wire->id);
  close_tunnel(wire->id);
}

void Proxy::on_reset(const ExchangePtr& exchange) {
  if (auto stream = exchange->stream.lock()) stream->downstream_gone();
}

void Proxy::note_arrival(const ExchangePtr& exchange) {
  auto& record = *exchange->record;
  const auto& wire = *exchange->wire;
  record.step(name(), "listener", wire.listener->name, wire.listener_version);
  std::string chain = wire.chain->name;
  for (std::size_t i = 0; chain.empty() && i < wire.listener->chains.size(); ++i)
    if (wire.listener->chains[i]->hash == wire.chain->hash) chain = "#" + std::to_string(i);
  record.step(name(), "chain", chain.empty() ? "default" : chain);
  if (wire.tls && !wire.chain->tls)
    record.step(name(), "tls", "passed on, " + wire.hello.server_name);
  else if (wire.tls)
    record.step(name(), "tls",
                wire.client_spiffe_id.empty() ? "no client certificate" : "client " + wire.client_spiffe_id);
  if (record.closed) return;
  if (exchange->first_hop) record.result.listener = wire.listener->name;
  if (!wire.same_machine && !wire.tls) record.result.plaintext = true;
  if (!wire.client_spiffe_id.empty()) record.result.client_spiffe_id = wire.client_spiffe_id;
}

void Proxy::on_request(const ExchangePtr& exchange) {
  auto& wire = *exchange->wire;
  if (!wire.chain) return;
  note_arrival(exchange);
  if (wire.garbage) {
    exchange->record->step(name(), "tls", "plain bytes where TLS is due: closed");
    accepted_.erase(wire.id);
    return fabric().close_by_server(exchange->wire);
  }
  after(options_.processing, [this, exchange] { run_network_filters(exchange); });
}

void Proxy::run_network_filters(const ExchangePtr& exchange) {
  auto wire = exchange->wire;
  if (!wire->server || exchange->reset) return;
  std::size_t rbac_number = 0;
  for (const auto& filter : wire->chain->filters) {
    if (const auto* rbac = std::get_if<RbacFilter>(&filter.what)) {
      if (!network_rbac(exchange, *rbac, rbac_number++)) return;
    } else if (const auto* http = std::get_if<HttpConnectionManager>(&filter.what)) {
      if (exchange->request.protocol != CallProtocol::http) return refuse_bytes(exchange);
      auto stream = std::make_shared<HttpStream>(*this, exchange, wire->chain, *http);
      exchange->stream = stream;
      return stream->start();
    } else if (const auto* tcp = std::get_if<TcpProxy>(&filter.what)) {
      return tunnel(exchange, *tcp);
    } else if (const auto* direct = std::get_if<DirectReply>(&filter.what)) {
      exchange->response = {200, {}, direct->body, true};
      return fabric().respond(exchange);
    }
  }
}

/// Bytes that are no HTTP: Envoy answers 400 and closes, which is no answer to a client that speaks something else.
void Proxy::refuse_bytes(const ExchangePtr& exchange) {
  note(exchange, "DPE", "http1.codec_error");
  exchange->record->step(name(), "reply", "closed: http1.codec_error DPE");
  accepted_.erase(exchange->wire->id);
  fabric().close_by_server(exchange->wire);
}

/// Each filter decides once for a connection, on its first bytes (Envoy: ONE_TIME_ON_FIRST_BYTE).
bool Proxy::network_rbac(const ExchangePtr& exchange, const RbacFilter& filter, std::size_t number) {
  auto& wire = *exchange->wire;
  if (number >= wire.network_rbac.size()) {
    auto input = rbac_input(wire, nullptr);
    RbacDecision decided{.allowed = true, .policy = {}};
    if (filter.shadow) {
      auto decision = filter.shadow->decide(input);
      stats().add(filter.stat_prefix + (decision.allowed ? "rbac.shadow_allowed" : "rbac.shadow_denied"));
    }
    if (filter.rules) {
      decided = filter.rules->decide(input);
      stats().add(filter.stat_prefix + (decided.allowed ? "rbac.allowed" : "rbac.denied"));
    }
    wire.network_rbac.push_back(std::move(decided));
  }
  RbacDecision decision = wire.network_rbac[number];
  if (!decision.policy.empty())
    exchange->record->step(name(), "rbac", (decision.allowed ? "allowed by " : "denied, policy ") + decision.policy);
  if (decision.allowed) return true;
  note(exchange, "", "rbac_access_denied_matched_policy[" + decision.policy + "]");
  close_tunnel(wire.id);  // TLS that is passed on has one since its hello
  accepted_.erase(wire.id);
  fabric().close_by_server(exchange->wire);
  return false;
}

RbacInput Proxy::rbac_input(const Wire& wire, const Request* request) const {
  RbacInput in;
  in.tls = wire.tls;
  if (wire.client_chain && !wire.client_spiffe_id.empty()) {
    in.peer_certificate = true;
    in.uris = &wire.client_chain->uris;
    in.dns_names = &wire.client_chain->dns_names;
    in.subject = wire.client_chain->subject;
  }
  in.source_ip = wire.hello.source_ip;
  in.destination_ip = wire.hello.destination_ip;
  in.destination_port = wire.hello.destination_port;
  in.server_name = wire.hello.server_name;
  if (request) {
    in.headers = &request->headers;
    in.path = request->path.substr(0, request->path.find('?'));
  }
  return in;
}

bool Proxy::take_token(const HttpFilterPtr& filter) {
  const auto& limit = std::get<RateLimitFilter>(filter->what);
  return take_token(limit, bucket_of(limit, filter));
}

Proxy::Bucket& Proxy::bucket_of(const TokenLimit& limit, const std::shared_ptr<const void>& holder) {
  return buckets_.try_emplace(&limit, Bucket{limit.tokens_max, now(), holder}).first->second;
}

Proxy::Bucket& Proxy::bucket_of(const ConnectionLimit& limit, const FilterChainPtr& chain) {
  const TokenLimit& measures = limit;
  if (limit.share_key.empty()) return bucket_of(measures, chain);
  return shared_buckets_.try_emplace({limit.share_key, measures}, Bucket{limit.tokens_max, now(), nullptr})
      .first->second;
}

/// What the network filters say of a new connection, in their order and before any of its bytes, the TLS hello's too
/// (Envoy: LocalRateLimitFilter::Filter::onNewConnection). False: it is to be closed.
bool Proxy::admit(const Wire& wire) {
  for (const auto& filter : wire.chain->filters) {
    const auto* limit = std::get_if<ConnectionLimit>(&filter.what);
    if (limit == nullptr || take_token(*limit, bucket_of(*limit, wire.chain))) continue;
    stats().add("local_rate_limit." + limit->stat_prefix + ".rate_limited");
    return false;
  }
  return true;
}

/// The old listener's connection limits lose their buckets, but for those of chains that an update in place leaves as
/// they are: these go on with them.
void Proxy::settle_buckets(const Listener& old, const Listener* in_place) {
  auto chains_of = [](const Listener& listener) {
    auto out = listener.chains;
    if (listener.default_chain) out.push_back(listener.default_chain);
    return out;
  };
  const auto fresh = in_place ? chains_of(*in_place) : std::vector<FilterChainPtr>();
  for (const auto& chain : chains_of(old)) {
    auto same = std::ranges::find(fresh, chain->hash, &FilterChain::hash);
    for (std::size_t i = 0; i < chain->filters.size(); ++i) {
      const auto* limit = std::get_if<ConnectionLimit>(&chain->filters[i].what);
      auto kept = limit ? buckets_.extract(limit) : decltype(buckets_)::node_type();
      if (kept.empty() || same == fresh.end()) continue;
      kept.key() = &std::get<ConnectionLimit>((*same)->filters[i].what);
      kept.mapped().holder = *same;
      buckets_.insert(std::move(kept));
    }
  }
}

/// It fills evenly: after half the interval it has half of what a fill brings (Envoy 1.40: RateLimitTokenBucket, which
/// has no timer).
bool Proxy::take_token(const TokenLimit& limit, Bucket& bucket) {
  using Wide = unsigned __int128;
  const auto interval = static_cast<Wide>(limit.fill_interval.count());
  const auto come = static_cast<Wide>((now() - bucket.filled).count()) * limit.tokens_per_fill / interval;
  if (bucket.tokens + come >= limit.tokens_max) {
    bucket = {limit.tokens_max, now(), std::move(bucket.holder)};
  } else {
    bucket.tokens += static_cast<std::uint64_t>(come);
    bucket.filled += Duration(static_cast<std::int64_t>(come * interval / limit.tokens_per_fill));
  }
  if (bucket.tokens == 0) return false;
  --bucket.tokens;
  return true;
}

void Proxy::note(const ExchangePtr& exchange, const std::string& flags, const std::string& details) {
  if (!exchange->first_hop || exchange->record->closed) return;
  exchange->record->result.response_flags = flags;
  exchange->record->result.details = details;
}

}  // namespace kumasim::sim::proxy
