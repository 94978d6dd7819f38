#include "sim/envoy/data/fabric.hpp"

#include <algorithm>

namespace kumasim::sim::proxy {
namespace {

bool loopback(const std::string& host) { return host.starts_with("127.") || host == "::1" || host == "localhost"; }

std::uint64_t digest(std::uint64_t id, std::uint64_t what) {
  auto x = id * 0x9E37'79B9'7F4A'7C15ull ^ what;
  return x ^ x >> 29;
}

}  // namespace

End::End(Fabric& fabric, Process& process)
    : fabric_(fabric), number_(++fabric.ends_made_), fabric_alive_(fabric.alive_), process_(process) {
  fabric.ends_[number_] = this;
}
End::~End() {
  // What its connections were made for may hold them in turn.
  for (const auto& [id, wire] : wires_) {
    if (wire->client != this) continue;
    wire->owner.reset();
    for (const auto& exchange : wire->active) exchange->owner.reset();
  }
  if (!fabric_alive_.expired()) fabric_.end_gone(*this);
}
/// Who speaks no TLS answers in the clear.
ChainPtr End::on_hello(const WirePtr& wire) {
  wire->failure = "TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end";
  return nullptr;
}

MonotonicTime End::now() const { return process_.world().now(); }

void Fabric::bind(End& end, Role role, const std::string& host, std::uint16_t port) {
  places_[static_cast<int>(role)][{end.process().address(), host, port}] = &end;
}

void Fabric::unbind(End& end, Role role, const std::string& host, std::uint16_t port) {
  auto& places = places_[static_cast<int>(role)];
  auto found = places.find({end.process().address(), host, port});
  if (found != places.end() && found->second == &end) places.erase(found);
}

void Fabric::bind_capture(End& end, std::uint16_t) { captures_[end.process().address()] = &end; }

void Fabric::unbind_all(End& end) {
  const auto& address = end.process().address();
  for (auto& places : places_)
    for (auto place = places.lower_bound({address, {}, 0});
         place != places.end() && std::get<0>(place->first) == address;)
      place = place->second == &end ? places.erase(place) : std::next(place);
  if (auto found = captures_.find(address); found != captures_.end() && found->second == &end) captures_.erase(found);
}

End* Fabric::find(Role role, const std::string& machine, const std::string& host, std::uint16_t port) {
  auto& places = places_[static_cast<int>(role)];
  for (const auto& address : {host, std::string("0.0.0.0"), std::string("::")})
    if (auto found = places.find({machine, address, port}); found != places.end()) return found->second;
  return nullptr;
}

End* Fabric::resolve(End& client, const ConnectOptions& o) {
  const auto& own = client.process().address();
  bool local = loopback(o.host) || o.host == own;
  auto host = o.host == "localhost" ? std::string("127.0.0.1") : o.host;
  if (local) {
    auto first = o.from_proxy ? Role::application : Role::proxy;
    auto second = o.from_proxy ? Role::proxy : Role::application;
    for (auto role : {first, second}) {
      if (auto* end = find(role, own, host, o.port)) return end;
      // An application listens on its machine's address or on loopback; both lead to it.
      if (role == Role::application)
        if (auto* end = find(role, own, loopback(host) ? own : std::string("127.0.0.1"), o.port)) return end;
    }
    return nullptr;
  }
  if (!o.from_proxy) {
    // Redirected on the way out: a virtual address, or whatever the machine's proxy passes through.
    if (auto* end = find(Role::proxy, own, host, o.port)) return end;
    if (auto found = captures_.find(own); found != captures_.end()) return found->second;
  }
  for (auto role : {Role::proxy, Role::application})
    if (auto* end = find(role, host, host, o.port)) return end;
  return nullptr;
}

/// Some process of the machine that has this address: its link gives the way's delay and whether it is cut.
Process* Fabric::machine(const std::string& address) {
  const auto& processes = world_.processes();
  for (; machines_known_ < processes.size(); ++machines_known_)
    machines_.emplace(processes[machines_known_]->address(), static_cast<std::uint32_t>(machines_known_));
  auto found = machines_.find(address);
  if (found != machines_.end() && processes[found->second]->address() == address) return processes[found->second].get();
  auto moved = std::ranges::find_if(processes, [&](const auto& process) { return process->address() == address; });
  return moved == processes.end() ? nullptr : moved->get();
}

WirePtr Fabric::connect(End& client, const ConnectOptions& o) {
  auto wire = std::make_shared<Wire>();
  wire->id = next_id();
  wire->client = &client;
  wire->client_process = &client.process();
  wire->hello.destination_ip = o.original_host.empty() ? o.host : o.original_host;
  wire->hello.destination_port = o.original_host.empty() ? o.port : o.original_port;
  wire->hello.tls = o.tls != nullptr;
  wire->tls = o.tls && !o.passed_on;
  if (o.tls) {
    wire->hello.server_name = o.tls->sni;
    wire->version = o.tls->version_max;
    wire->hello.application_protocols = o.tls->alpn;
    wire->hello.ciphers = o.tls->ciphers;
  } else if (o.carries) {
    wire->hello.tls = wire->tls = true;
    wire->hello.server_name = o.carries->hello.server_name;
    wire->hello.application_protocols = o.carries->hello.application_protocols;
    wire->hello.ciphers = o.carries->hello.ciphers;
    wire->version = o.carries->version;
    wire->carries = o.carries;
    o.carries->carried_by = wire;
  } else if (!o.plain_protocol.empty()) {
    wire->hello.application_protocols = {o.plain_protocol};
  }
  client.wires_[wire->id] = wire;
  auto* server = resolve(client, o);
  bool local = loopback(o.host) || o.host == client.process().address();
  wire->same_machine = local || (server && server->process().address() == client.process().address());
  wire->hello.source_ip = wire->same_machine && loopback(o.host) ? o.host : client.process().address();
  wire->hello.source_port = static_cast<std::uint16_t>(32768 + wire->id % 28232);
  if (!server) {
    refuse_connection(wire, local ? &client.process() : machine(o.host));
    return wire;
  }
  auto door = wire->same_machine ? Door::open : world_.network().door(client.process().id(), server->process().id());
  if (door != Door::open) {
    if (door == Door::refusing) refuse_connection(wire, &server->process());
    return wire;
  }
  wire->server = server;
  wire->server_process = &server->process();
  server->wires_[wire->id] = wire;
  auto passed = pass(wire, true, TrafficKind::connect, digest(wire->id, 0), [this, wire] { arrive(wire); });
  if (!passed) refuse_connection(wire, &server->process());
  return wire;
}

/// Nothing listens there: the machine answers with a reset after a round trip. No machine: no answer.
void Fabric::refuse_connection(const WirePtr& wire, Process* there) {
  auto& client = wire->client->process();
  if (!there) return;
  if (there != &client &&
      (world_.network().cut(client.id(), there->id()) || world_.network().cut(there->id(), client.id())))
    return;
  auto way = world_.network().transit(client.id(), there->id());
  auto back = world_.network().transit(there->id(), client.id());
  if (!way || !back) return;
  world_.post(client, *way + *back, TrafficKind::close, digest(wire->id, 1), [this, wire] {
    wire->failure = "delayed connect error: Connection refused";
    drop(wire, WireEnd::refused);
  });
}

/// At the server: the listener takes it or closes it.
void Fabric::arrive(const WirePtr& wire) {
  if (!wire->server) return;
  if (!wire->client) return detach(wire);
  if (!wire->server->on_accept(wire)) {
    // The kernel had completed the connection: a client without TLS sees it open, then closed.
    if (!wire->tls) pass(wire, false, TrafficKind::connect, digest(wire->id, 2), [this, wire] { established(wire); });
    return close_by_server(wire, wire->tls ? WireEnd::tls_failed : WireEnd::closed_by_peer);
  }
  pass(wire, false, TrafficKind::connect, digest(wire->id, 2), [this, wire] {
    if (wire->tls)
      say_hello(wire);
    else
      established(wire);
  });
}

/// At the client: the connection stands, the TLS handshake begins; it costs one more round trip.
void Fabric::say_hello(const WirePtr& wire) {
  if (!wire->client || !wire->server) return;
  if (wire->carries) wire->client->on_reached(wire);
  pass(wire, true, TrafficKind::connect, digest(wire->id, 3), [this, wire] {
    if (!wire->server || !wire->client) return;
    if (wire->server->passes_on(wire)) return;
    wire->server_chain = wire->server->on_hello(wire);
    if (!wire->server) return;
    if (!wire->server_chain) return close_by_server(wire, WireEnd::tls_failed);
    pass(wire, false, TrafficKind::connect, digest(wire->id, 4), [this, wire] { hear_server(wire); });
  });
}

void Fabric::hear_server(const WirePtr& wire) {
  if (!wire->client) return;
  if (const auto& first = wire->carries) {
    established(wire);
    if (!first->server) return;
    first->server_chain = wire->server_chain;
    first->version = wire->version;
    pass(first, false, TrafficKind::connect, digest(first->id, 4), [this, first] { hear_server(first); });
    return;
  }
  auto refused = wire->client->on_server_certificate(wire);
  if (!refused.empty()) {
    wire->failure = refused;
    if (wire->server)
      pass(wire, true, TrafficKind::close, digest(wire->id, 5), [this, wire] {
        if (wire->server) wire->server->on_client_gone(wire);
        detach(wire);
      });
    return drop(wire, WireEnd::tls_failed);
  }
  if (!wire->server) return;
  // A TLS 1.3 client may send at once, and the server judges its certificate when that arrives. With TLS 1.2 the client
  // waits for the server's word: a refused certificate is a failed connection.
  bool at_once = wire->version >= 0x0304;
  pass(wire, true, TrafficKind::connect, digest(wire->id, 6), [this, wire, at_once] { hear_client(wire, at_once); });
  if (at_once) established(wire);
}

/// At the server, or at who passes the handshake on to it.
void Fabric::hear_client(const WirePtr& wire, bool at_once) {
  if (!wire->server) return;
  if (auto next = wire->carried_by.lock()) {
    if (!next->client || !next->server) return;
    next->client_chain = wire->client_chain;
    pass(next, true, TrafficKind::connect, digest(next->id, 6), [this, next, at_once] { hear_client(next, at_once); });
    return;
  }
  if (!wire->server->on_client_certificate(wire)) return close_by_server(wire, WireEnd::tls_failed);
  if (!at_once) confirm(wire);
}

/// The server's word that it takes the client's certificate, all the way back.
void Fabric::confirm(const WirePtr& wire) {
  if (!wire->server) return;
  pass(wire, false, TrafficKind::connect, digest(wire->id, 14), [this, wire] {
    if (wire->carries)
      confirm(wire->carries);
    else
      established(wire);
  });
}

void Fabric::established(const WirePtr& wire) {
  if (!wire->client || wire->open) return;
  wire->open = true;
  wire->client->on_connected(wire);
}

void Fabric::request(const ExchangePtr& exchange) {
  auto wire = exchange->wire;
  wire->active.push_back(exchange);
  ++wire->requests;
  if (!wire->server) {
    // The peer is gone and this end has not heard of it: its machine answers with a reset, if the way is open.
    auto* there = wire->server_process;
    auto& here = wire->client->process();
    if (!there || world_.network().cut(here.id(), there->id()) || world_.network().cut(there->id(), here.id())) return;
    auto way = world_.network().transit(here.id(), there->id());
    if (!way) return;
    world_.post(here, *way * 2, TrafficKind::close, digest(wire->id, 11), [this, wire] { drop(wire, WireEnd::reset); });
    return;
  }
  pass(
      wire, true, TrafficKind::request, digest(exchange->id, 7),
      [exchange] {
        auto& w = *exchange->wire;
        if (w.server && !w.server_closing) w.server->on_request(exchange);
      },
      exchange->request.more_bytes);
}

void Fabric::respond(const ExchangePtr& exchange) {
  auto wire = exchange->wire;
  if (!wire->server || !wire->client || exchange->given_up) return;
  pass(
      wire, false, TrafficKind::response,
      digest(exchange->id, 0x1000 + static_cast<std::uint64_t>(exchange->response.status)),
      [exchange] {
        auto& w = *exchange->wire;
        if (exchange->given_up || !w.client) return;
        if (std::erase(w.active, exchange) == 0) return;
        w.client->on_response(exchange);
      },
      exchange->response.more_bytes);
}

void Fabric::give_up(const ExchangePtr& exchange) {
  exchange->given_up = true;
  const auto& wire = exchange->wire;
  if (!wire || std::erase(wire->active, exchange) == 0 || !wire->client || !wire->server) return;
  pass(wire, true, TrafficKind::close, digest(exchange->id, 15), [exchange] { tell_reset(exchange); });
}

/// At the server.
void Fabric::tell_reset(const ExchangePtr& exchange) {
  exchange->reset = true;
  if (auto* server = exchange->wire->server) server->on_reset(exchange);
}

void Fabric::close_by_client(const WirePtr& wire) {
  if (!wire->client) return;
  wire->open = false;
  auto tell = [this, wire] {
    if (wire->server) wire->server->on_client_gone(wire);
    detach(wire);
  };
  if (wire->server)
    pass(wire, true, TrafficKind::close, digest(wire->id, 8), std::move(tell), 0, close_delay(*wire, true));
  wire->client->wires_.erase(wire->id);
  wire->client = nullptr;
}

void Fabric::close_by_server(const WirePtr& wire, WireEnd how) {
  if (!wire->server || wire->server_closing) return;
  wire->server_closing = true;
  auto tell = [this, wire, how] { drop(wire, how); };
  if (wire->client)
    pass(wire, false, TrafficKind::close, digest(wire->id, 9), std::move(tell), 0, close_delay(*wire, false));
  wire->server->wires_.erase(wire->id);
  wire->server = nullptr;
}

/// At the client: the connection is over.
void Fabric::drop(const WirePtr& wire, WireEnd how) {
  if (!wire->client) return;
  auto* client = wire->client;
  client->wires_.erase(wire->id);
  wire->client = nullptr;
  client->on_closed(wire, how);
  wire->open = false;
}

bool Fabric::may_ease(std::uint32_t from, std::uint32_t to) const {
  const auto& link = world_.network().link_of(from, to);
  return link.loss_ppm > 0 || link.bottleneck_bytes_per_second > 0;
}

bool Fabric::cut(const Wire& wire, bool to_server) const {
  auto client = wire.client_process->id();
  auto server = wire.server_process->id();
  if (wire.same_machine) return false;
  if (wire.silent) return true;
  return to_server ? world_.network().cut(client, server) : world_.network().cut(server, client);
}

bool Fabric::clogged(const Wire& wire, bool to_server) const {
  if (wire.same_machine || wire.silent) return false;
  auto client = wire.client_process->id();
  auto server = wire.server_process->id();
  return to_server ? world_.network().clogged(client, server) : world_.network().clogged(server, client);
}

Duration Fabric::close_delay(const Wire& wire, bool to_server) const {
  if (wire.same_machine) return {};
  auto from = (to_server ? wire.client_process : wire.server_process)->id();
  auto to = (to_server ? wire.server_process : wire.client_process)->id();
  return world_.network().link_of(from, to).close_delay;
}

Duration Fabric::under_faults(const Wire& wire, bool to_server, std::uint64_t bytes) {
  if (wire.same_machine) return {};
  auto from = (to_server ? wire.client_process : wire.server_process)->id();
  auto to = (to_server ? wire.server_process : wire.client_process)->id();
  const auto& link = world_.network().link_of(from, to);
  auto out = world_.network().squeeze(from, to, bytes + message_bytes);
  if (link.slice_bytes > 0)
    out += link.slice_pause * static_cast<std::int64_t>((bytes + message_bytes) / link.slice_bytes);
  return out;
}

std::vector<WirePtr> Fabric::wires_between(const Process& a, const Process& b) const {
  std::vector<WirePtr> out;
  for (const auto& [number, end] : ends_) {
    for (const auto& [id, wire] : end->wires_) {
      if (wire->client != end || wire->same_machine || !wire->server_process) continue;
      bool forth = wire->client_process == &a && wire->server_process == &b;
      if (forth || (wire->client_process == &b && wire->server_process == &a)) out.push_back(wire);
    }
  }
  return out;
}

void Fabric::reset(const Process& a, const Process& b) {
  for (const auto& wire : wires_between(a, b)) time_out(wire);
}

void Fabric::silence(const Process& a, const Process& b) {
  for (const auto& wire : wires_between(a, b)) wire->silent = true;
}

std::size_t Fabric::forget_idle(const Process& a, const Process& b, MonotonicTime since, bool reset) {
  std::size_t count = 0;
  for (const auto& wire : wires_between(a, b)) {
    if (wire->silent || std::max(wire->last_arrival[0], wire->last_arrival[1]) > since) continue;
    ++count;
    wire->silent = true;
    if (reset) time_out(wire);
  }
  return count;
}

/// Too long unacknowledged: both ends give the connection up.
void Fabric::time_out(const WirePtr& wire) {
  if (wire->client)
    world_.post(*wire->client_process, Duration::zero(), TrafficKind::close, digest(wire->id, 12),
                [this, wire] { drop(wire, WireEnd::reset); });
  if (wire->server)
    world_.post(*wire->server_process, Duration::zero(), TrafficKind::close, digest(wire->id, 13), [this, wire] {
      if (wire->server) wire->server->on_client_gone(wire);
      detach(wire);
    });
}

void Fabric::detach(const WirePtr& wire) {
  if (!wire->server) return;
  wire->server->wires_.erase(wire->id);
  wire->server = nullptr;
}

/// The life of an end is over: its machine resets the connections, which the peers hear unless the way is cut.
void Fabric::end_gone(End& end) {
  ends_.erase(end.number_);
  unbind_all(end);
  auto wires = std::move(end.wires_);
  for (auto& [id, wire] : wires) {
    auto w = wire;
    bool was_server = w->server == &end;
    auto* peer = was_server ? w->client : w->server;
    if (was_server)
      w->server = nullptr;
    else
      w->client = nullptr;
    auto unanswered = was_server ? std::vector<ExchangePtr>() : std::exchange(w->active, {});
    if (!peer || peer == &end || !peer->process().up()) continue;
    auto from = end.process().id();
    auto to = peer->process().id();
    if (w->silent || world_.network().cut(from, to)) continue;
    auto delay = world_.network().transit(from, to);
    if (!delay) continue;
    auto tell = [this, w, was_server, unanswered = std::move(unanswered)] {
      if (was_server) return drop(w, WireEnd::reset);
      for (const auto& exchange : unanswered) tell_reset(exchange);
      if (w->server) w->server->on_client_gone(w);
      detach(w);
    };
    auto& hearer = peer->process();
    auto what = digest(id, 10);
    if (!clogged(*w, !was_server)) {
      world_.post(hearer, *delay, TrafficKind::close, what, std::move(tell));
      continue;
    }
    world_.network().when_released(from, to, [this, &hearer, what, delay = *delay, tell = std::move(tell)]() mutable {
      world_.post(hearer, delay, TrafficKind::close, what, std::move(tell));
    });
  }
}

}  // namespace kumasim::sim::proxy
