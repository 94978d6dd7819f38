/// The data plane of a world: who listens where, and connections between applications and proxies as timed messages.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kumasim/envoy/event_kind.hpp"
#include "kumasim/sim/world.hpp"
#include "sim/envoy/config/listener.hpp"
#include "sim/envoy/config/resource.hpp"
#include "sim/envoy/data/exchange.hpp"

namespace kumasim::sim::proxy {

class Fabric;

/// What a client knows and shows when it connects.
struct ConnectOptions {
  std::string host;
  std::uint16_t port = 0;
  const TlsContext* tls = nullptr;  ///< null: plain
  bool passed_on = false;           ///< its handshake is with whoever the server passes the connection on to
  WirePtr carries = {};             ///< a connection whose handshake and bytes it passes on, TLS as it is
  std::string plain_protocol = {};  ///< what an HTTP inspector makes of its first bytes: "http/1.1"; "": nothing
  bool from_proxy = false;          ///< a proxy's own connections are not redirected to itself
  std::string original_host = {};   ///< of a redirected connection
  std::uint16_t original_port = 0;
};

/// Why a connection was not made or ended, as Envoy tells them apart.
enum class WireEnd : std::uint8_t { refused, tls_failed, closed_by_peer, reset };

/// One connection. Each end is null once it is gone; the other hears of it after the link's delay, if the way is open.
struct Wire {
  std::uint64_t id = 0;
  End* client = nullptr;
  End* server = nullptr;
  Process* client_process = nullptr;  ///< these two stay when the end is gone
  Process* server_process = nullptr;
  MonotonicTime last_arrival[2] = {};  ///< at the client, at the server: messages keep their order
  MonotonicTime eased[2] = {};         ///< when what is under way was last hurried
  Hello hello;
  bool same_machine = false;
  bool open = false;    ///< as the client sees it: shaken hands and not ended
  bool silent = false;  ///< nothing passes on it any more, and nobody is told
  std::string failure;  ///< transport failure reason, for details
  int version = 0;      ///< of TLS, as agreed on (0x0303, 0x0304)

  bool tls = false;
  std::string client_spiffe_id, server_spiffe_id;  ///< as the other side verified them
  ChainPtr client_chain, server_chain;
  WirePtr carries;                 ///< the connection whose TLS it passes on
  std::weak_ptr<Wire> carried_by;  ///< the connection that passes its TLS on

  // The server's side: what the listener made of it when it was accepted.
  ListenerPtr listener;
  std::string listener_version;
  FilterChainPtr chain;
  bool garbage = false;                    ///< TLS on a plain chain or the reverse
  std::vector<RbacDecision> network_rbac;  ///< of each network RBAC filter that has decided, in the chain's order
  bool draining = false;
  MonotonicTime drain_started = {};
  bool server_closing = false;

  // The client's side.
  std::vector<ExchangePtr> active;
  bool retired = false;  ///< closed once it is idle
  std::uint64_t requests = 0;
  MonotonicTime last_used = {};
  std::shared_ptr<void> owner;  ///< what the client's end made it for; reset when it is over
};

/// Either side of connections: a proxy, an application, a client. Lives inside one life of its process.
class End {
 public:
  End(Fabric& fabric, Process& process);
  virtual ~End();
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  Process& process() { return process_; }
  Fabric& fabric() { return fabric_; }
  MonotonicTime now() const;
  Random& random() { return process_.runtime().random; }

  /// Server: a connection has reached it. False: no filter chain takes it, it is closed at once.
  virtual bool on_accept(const WirePtr&) { return true; }
  /// Server: the client's TLS hello. True: it is passed on by a connection that carries this one, to whose server all
  /// that follows of the handshake is left.
  virtual bool passes_on(const WirePtr&) { return false; }
  /// Server: the client's TLS hello; sets wire->version from what both allow. The answer is its identity; null: the
  /// handshake fails with wire->failure.
  virtual ChainPtr on_hello(const WirePtr& wire);
  /// Server: the client has finished its handshake. False: its certificate is refused, the connection is closed.
  virtual bool on_client_certificate(const WirePtr&) { return true; }
  virtual void on_request(const ExchangePtr&) {}
  /// Client: a connection that passes TLS on stands, the handshake over it begins.
  virtual void on_reached(const WirePtr&) {}
  /// Client: empty reason: it can be used.
  virtual void on_connected(const WirePtr&) {}
  /// Client: judges the server's identity; empty: accepted.
  virtual std::string on_server_certificate(const WirePtr&) { return {}; }
  virtual void on_response(const ExchangePtr&) {}
  /// Client: the connection is over. `active` still holds what it waited for.
  virtual void on_closed(const WirePtr&, WireEnd) {}
  /// Server: the client has closed it or is gone.
  virtual void on_client_gone(const WirePtr&) {}
  /// Server: the client has given the request up.
  virtual void on_reset(const ExchangePtr&) {}

 protected:
  /// Runs `call` after `delay`, unless the process ends first.
  template <class F>
  EventRef after(Duration delay, F&& call) {
    auto& world = process_.world();
    return world.kernel().at(process_.context(), world.now() + delay, TrafficKind::wait, 0,
                             [call = std::forward<F>(call)](error_code, std::size_t) mutable { call(); });
  }
  void cancel(EventRef& ref) {
    if (process_.world().kernel().waiting(ref)) process_.world().kernel().discard(ref);
    ref = {};
  }
  /// Those of which it is an end, by number.
  const std::map<std::uint64_t, WirePtr>& wires() const { return wires_; }

 private:
  friend class Fabric;
  Fabric& fabric_;
  std::uint64_t number_;  ///< among the fabric's ends
  std::weak_ptr<void> fabric_alive_;
  Process& process_;
  std::map<std::uint64_t, WirePtr> wires_;
};

/// One for each world. Where it goes before the world, the lives that are left end without telling each other.
class Fabric {
 public:
  explicit Fabric(World& world) : world_(world), cache_(std::make_shared<ResourceCache>()) {}

  World& world() { return world_; }
  const std::shared_ptr<ResourceCache>& cache() { return cache_; }
  std::uint64_t next_id() { return ++ids_; }

  enum class Role : std::uint8_t { application, proxy };
  /// `host` is an address of the machine, a loopback or wildcard address of it, or (role proxy) one that is redirected.
  void bind(End& end, Role role, const std::string& host, std::uint16_t port);
  void unbind(End& end, Role role, const std::string& host, std::uint16_t port);
  /// Where everything of the machine goes that no other listener of the proxy takes (transparent proxying).
  void bind_capture(End& end, std::uint16_t port);
  void unbind_all(End& end);

  /// Starts a connection; `client` hears on_connected or on_closed, or nothing where the way is cut.
  WirePtr connect(End& client, const ConnectOptions& options);
  /// REQUIRES: the wire is open and the exchange's.
  void request(const ExchangePtr& exchange);
  /// Answers, once. An exchange that was given up gets nothing.
  void respond(const ExchangePtr& exchange);
  /// The client is no longer interested, and says so. The connection stays.
  void give_up(const ExchangePtr& exchange);
  void close_by_client(const WirePtr& wire);
  void close_by_server(const WirePtr& wire, WireEnd how = WireEnd::closed_by_peer);

  /// Every connection between the two processes is over, and both ends are told.
  void reset(const Process& a, const Process& b);
  /// Nothing passes any more on the connections that there are between the two; a sender gives up in time.
  void silence(const Process& a, const Process& b);
  /// The same for those on which nothing has passed since `since`, or a reset of them; the answer is how many.
  std::size_t forget_idle(const Process& a, const Process& b, MonotonicTime since, bool reset);

 private:
  friend class End;
  using Place = std::tuple<std::string, std::string, std::uint16_t>;  // machine, address, port

  End* resolve(End& client, const ConnectOptions& options);
  End* find(Role role, const std::string& machine, const std::string& host, std::uint16_t port);
  Process* machine(const std::string& address);
  void refuse_connection(const WirePtr& wire, Process* machine);
  void arrive(const WirePtr& wire);
  void say_hello(const WirePtr& wire);
  void hear_server(const WirePtr& wire);
  void hear_client(const WirePtr& wire, bool at_once);
  void confirm(const WirePtr& wire);
  void established(const WirePtr& wire);
  void drop(const WirePtr& wire, WireEnd how);
  void detach(const WirePtr& wire);
  static void tell_reset(const ExchangePtr& exchange);
  void end_gone(End& end);

  /// Carries a message along the wire, in order, after the link's delay. While the way is cut it is sent again, as TCP
  /// does, until the connection times out. `bytes` take the link's time for them, after what the connection carries
  /// already, and `late` is added to it. Where it arrives with a wrong bit, the connection ends: TLS notices each, and
  /// HTTP in the clear is taken to do so too. False where the receiver is down.
  template <class F>
  bool pass(const WirePtr& wire, bool to_server, EventKind kind, std::uint64_t digest, F&& call,
            std::uint64_t bytes = 0, Duration late = {}) {
    auto& from = to_server ? *wire->client_process : *wire->server_process;
    auto& to = to_server ? *wire->server_process : *wire->client_process;
    if (!to.up()) return false;
    auto delay = world_.network().transit(from.id(), to.id());
    auto& last = wire->last_arrival[to_server];
    auto ahead = last;
    last = std::max(last, world_.now() + delay.value_or(lost_arrival) + late + under_faults(*wire, to_server, bytes));
    if (bytes > 0) last += world_.network().transmission(from.id(), to.id(), bytes);
    if (!wire->same_machine && world_.network().corrupts(from.id(), to.id()))
      return world_.post(to, last - world_.now(), kind, digest, [this, wire] { time_out(wire); });
    Carried<std::decay_t<F>> message{this, wire, std::forward<F>(call), to_server, 0};
    if (!wire->same_machine && may_ease(from.id(), to.id()))
      return pass_slowly(std::move(message), ahead, !delay, kind, digest);
    return world_.post(to, last - world_.now(), kind, digest, std::move(message));
  }
  template <class F>
  struct Carried {
    Fabric* fabric;
    WirePtr wire;
    F call;
    bool to_server;
    std::uint8_t tries;
    void operator()() {
      if (fabric->clogged(*wire, to_server)) return fabric->hold(std::move(*this));
      if (!fabric->cut(*wire, to_server)) return call();
      if (tries == tries_max) return fabric->time_out(wire);
      auto& to = to_server ? *wire->server_process : *wire->client_process;
      auto again = retry_first * (1 << std::min<int>(tries, 4));
      fabric->world_.post(to, again, TrafficKind::again, 0,
                          Carried{fabric, wire, std::move(call), to_server, static_cast<std::uint8_t>(tries + 1)});
    }
  };
  /// Of a message beside its body: headers, framing.
  static constexpr std::uint64_t message_bytes = 500;
  /// 200 ms, doubled up to 3.2 s: together some 15 s.
  static constexpr Duration retry_first = std::chrono::milliseconds(200);
  static constexpr std::uint8_t tries_max = 8;
  /// Of what is lost beyond every retransmission, where nothing ends its connection before: behind every timeout.
  static constexpr Duration lost_arrival = std::chrono::minutes(1);

  /// Goes on, in order, when the clog is over.
  template <class F>
  void hold(Carried<F> message) {
    auto& wire = *message.wire;
    auto from = (message.to_server ? wire.client_process : wire.server_process)->id();
    auto& to = message.to_server ? *wire.server_process : *wire.client_process;
    world_.network().when_released(from, to.id(), [this, from, &to, message = std::move(message)]() mutable {
      auto& last = message.wire->last_arrival[message.to_server];
      last = std::max(last, world_.now() + world_.network().transit(from, to.id()).value_or(retry_first));
      world_.post(to, last - world_.now(), TrafficKind::again, 0, std::move(message));
    });
  }

  /// Over a link that loses or is narrow: arrives at the wire's last arrival, or a delay after the link is eased.
  /// `ahead`: when what goes before it arrives. `lost`: beyond every retransmission; the connection times out first.
  template <class F>
  bool pass_slowly(Carried<F> message, MonotonicTime ahead, bool lost, EventKind kind, std::uint64_t digest) {
    auto wire = message.wire;
    auto to_server = message.to_server;
    auto from = (to_server ? wire->client_process : wire->server_process)->id();
    auto* to = to_server ? wire->server_process : wire->client_process;
    auto left = std::make_shared<std::optional<Carried<F>>>(std::move(message));
    auto arrive = [left] {
      if (auto arrived = std::exchange(*left, std::nullopt)) (*arrived)();
    };
    auto hurry = std::make_shared<std::function<void()>>([this, wire, to_server, from, to, ahead, arrive] {
      auto& last = wire->last_arrival[to_server];
      if (std::exchange(wire->eased[to_server], world_.now()) != world_.now()) last = ahead;
      last = std::max(last, world_.now() + world_.network().transit(from, to->id()).value_or(retry_first));
      world_.post(*to, last - world_.now(), TrafficKind::again, 0, arrive);
    });
    world_.network().when_eased(from, to->id(), hurry);
    if (lost) {
      auto& sender = to_server ? *wire->client_process : *wire->server_process;
      auto give_up = [this, wire, to_server, left, eased = wire->eased[to_server]] {
        if (*left && wire->eased[to_server] == eased) time_out(wire);
      };
      world_.post(sender, world_.network().limits().stall_max, TrafficKind::again, 0, give_up);
    }
    return world_.post(*to, wire->last_arrival[to_server] - world_.now(), kind, digest,
                       [arrive, hurry = std::move(hurry)] { arrive(); });
  }

  /// Something of the link may end before what is sent over it arrives.
  bool may_ease(std::uint32_t from, std::uint32_t to) const;
  bool cut(const Wire& wire, bool to_server) const;
  bool clogged(const Wire& wire, bool to_server) const;
  /// How much later than other messages the end of the connection is told.
  Duration close_delay(const Wire& wire, bool to_server) const;
  /// What bottlenecks and slicing take for a message with so many bytes of a body.
  Duration under_faults(const Wire& wire, bool to_server, std::uint64_t bytes);
  /// Those between the two, in the order of their making.
  std::vector<WirePtr> wires_between(const Process& a, const Process& b) const;
  void time_out(const WirePtr& wire);

  World& world_;
  std::shared_ptr<ResourceCache> cache_;
  std::shared_ptr<void> alive_ = std::make_shared<int>(0);
  std::uint64_t ids_ = 0;
  std::uint64_t ends_made_ = 0;
  std::map<std::uint64_t, End*> ends_;
  std::map<Place, End*> places_[2];
  std::map<std::string, End*> captures_;
  std::map<std::string, std::uint32_t> machines_;
  std::size_t machines_known_ = 0;
};

}  // namespace kumasim::sim::proxy
