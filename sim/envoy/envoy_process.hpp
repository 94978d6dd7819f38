/// A simulated Envoy, started from a bootstrap document in a process of a world: discovery client and data path.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/asio.hpp"
#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/runtime.hpp"
#include "kumasim/transport/grpc.hpp"
#include "sim/envoy/ads/ads_client.hpp"
#include "sim/envoy/ads/discovery_faults.hpp"
#include "sim/envoy/bootstrap.hpp"
#include "sim/envoy/data/proxy.hpp"
#include "sim/envoy/envoy_bugs.hpp"
#include "sim/envoy/hds/health_client.hpp"

namespace kumasim::sim {

/// A step of its conversation; `type` is "Listener", of a response that it answered.
struct EnvoyEvent {
  enum class Kind : std::uint8_t { connected, disconnected, acked, nacked } kind;
  std::string type = {};
};

/// A message of that conversation, as its bytes: a DiscoveryRequest or DiscoveryResponse, or those of the delta
/// variant.
struct EnvoyMessage {
  bool sent = false;  ///< by Envoy; false: it has come
  bool delta = false;
  std::string_view bytes = {};
};

struct EnvoyOptions {
  std::string name = {};                            ///< in reports; empty: the process's
  Duration drain_time = std::chrono::seconds(600);  ///< --drain-time-s
  /// Hears what becomes of its conversation with the control plane, within the event in which it happens.
  std::function<void(EnvoyEvent)> on_event = {};
  /// Hears each message, before it is sent or applied.
  std::function<void(const EnvoyMessage&)> on_message = {};
  EnvoyBugs bugs = {};
};

/// Belongs to the process's current life, which keeps it: a kill destroys it, a restart makes a new one from its
/// bootstrap. It has Envoy's life: static clusters, discovery of clusters, then of listeners; it serves when live() and
/// keeps serving what it has while the control plane is away.
class EnvoyProcess {
 public:
  /// To be called in the process's main. invalid_argument where Envoy would refuse the bootstrap and exit.
  static Result<std::shared_ptr<EnvoyProcess>> start(proxy::Fabric& fabric, Process& process,
                                                     const std::string& bootstrap, EnvoyOptions options = {});

  EnvoyProcess(proxy::Fabric& fabric, Process& process, proxy::Bootstrap bootstrap, EnvoyOptions options);
  ~EnvoyProcess();

  /// Ready to take traffic (Envoy's /ready: LIVE).
  bool live() const { return proxy_.config().live(); }
  bool connected() const { return ads_.connected(); }
  const std::string& node_id() const { return bootstrap_.node_id; }
  const proxy::ConfigState& config() const { return proxy_.config(); }
  /// The workload's certificate that the control plane gave it; null: none yet.
  proxy::ChainPtr identity() const;
  /// What it was sent and does not interpret: the field's full name and the first resource that set it.
  const std::map<std::string, std::string>& uninterpreted() const { return config().unread(); }
  const proxy::Stats& stats() const { return config().stats(); }
  const proxy::AdsClient& ads() const { return ads_; }
  const proxy::HealthClient& health() const { return health_; }
  proxy::Proxy& data() { return proxy_; }
  const proxy::Proxy& data() const { return proxy_; }
  /// As its admin port's drain_listeners?graceful: connections end one by one within this time.
  void drain(Duration time) { proxy_.drain_all(time); }
  /// What is wrong with its conversation from now on, on this stream and on later ones.
  void set_discovery_faults(proxy::DiscoveryFaults faults);
  /// Asks for a type of resources that nobody knows, where there is a stream.
  void ask_unknown();

 private:
  struct Conversation;

  asio::awaitable<void> run();
  asio::awaitable<bool> converse();
  /// Health discovery on the same connection, again and again until that is over.
  asio::awaitable<void> discover_health(std::shared_ptr<GrpcClient> client);
  static asio::awaitable<void> write_all(std::shared_ptr<Conversation> conversation);
  void say(proxy::AdsClient::Messages messages);
  void write(std::vector<std::string> messages);
  /// A response for the client; false where it does not decode. The same for all that a filter lets through.
  bool take(const std::string& message);
  bool carry_out(proxy::DiscoveryActions actions);
  proxy::DiscoveryFilter& filter();
  asio::awaitable<void> wake_filter(MonotonicTime at);
  asio::awaitable<void> hang_up(std::weak_ptr<Conversation> conversation);
  /// The certificate that it shows has become another one.
  bool certificate_changed();
  void tell(EnvoyEvent::Kind kind);

  proxy::Bootstrap bootstrap_;
  Runtime runtime_;
  std::function<void(EnvoyEvent)> on_event_;
  std::function<void(const EnvoyMessage&)> on_message_;
  EnvoyBugs bugs_;
  proxy::Fabric& fabric_;
  Process& process_;
  proxy::Proxy proxy_;
  proxy::AdsClient ads_;
  proxy::HealthClient health_;
  std::shared_ptr<Conversation> conversation_;    ///< null while there is no stream
  std::optional<proxy::DiscoveryFilter> filter_;  ///< since something was wrong for the first time
  std::string certificate_;                       ///< serial number
};

}  // namespace kumasim::sim
