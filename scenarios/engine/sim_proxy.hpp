/// kuma-dp and its simulated Envoy, in all lives of a process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "kumasim/scenario/observation.hpp"
#include "kumasim/sim/world.hpp"
#include "reference-cp/app/kuma_dp/bootstrap_client.hpp"
#include "sim/envoy/ads/discovery_faults.hpp"
#include "sim/envoy/envoy_bugs.hpp"

namespace kumasim::sim {
class EnvoyProcess;
struct EnvoyEvent;
}  // namespace kumasim::sim
namespace kumasim::sim::proxy {
class Fabric;
}

namespace kumasim::scenario {

struct SimTap;

class SimProxy {
 public:
  /// `control_plane` is the name of its process.
  SimProxy(sim::proxy::Fabric& fabric, sim::Process& process, std::string control_plane, sim::EnvoyBugs bugs);
  ~SimProxy();

  /// A life of the process begins: first of all what is kept in it, then, with what else is in the life in its place,
  /// the start itself, which asks the control plane for the bootstrap configuration.
  void begin_life();
  void start(Runtime& runtime, dp::BootstrapRequest request);

  /// It comes with a token that the control plane makes for it before its first life begins.
  void ask_for_token() { asks_for_token_ = true; }
  /// "" while it has none.
  const std::string& token() const { return token_; }

  /// All but its endpoints and its address.
  ProxyState state() const;
  /// Fields that its Envoy took and does not interpret, each with the first resource that has it.
  std::map<std::string, std::string> uninterpreted() const;
  /// As kuma-dp does when it is asked to end: its Envoy drains its connections.
  void drain(Duration time);
  /// What is wrong with its Envoy's conversation with the control plane from now on, in all of its lives.
  void set_discovery_faults(const sim::proxy::DiscoveryFaults& faults);
  /// Its Envoy asks for a type of resources that there is not.
  void ask_unknown();
  /// Hears of its Envoy's conversation with the control plane.
  void on_envoy_event(std::function<void(sim::EnvoyEvent)> observer) { observer_ = std::move(observer); }
  /// Hears each time that its Envoy has taken or refused a configuration.
  void on_configured(std::function<void()> observer) { configured_ = std::move(observer); }
  /// Tells it of its Envoy's lives and messages. Set before start().
  void set_tap(const SimTap* tap) { tap_ = tap; }
  /// Null while it has none. To be used before the world moves on.
  const sim::EnvoyProcess* envoy() const;

 private:
  struct Life;

  asio::awaitable<void> run(Runtime& runtime, Life* life, dp::BootstrapRequest request);
  /// As somebody does who runs `kumactl generate dataplane-token` before kuma-dp is started.
  asio::awaitable<void> get_token(Runtime& runtime, const dp::BootstrapRequest& request);

  sim::proxy::Fabric& fabric_;
  sim::Process& process_;
  std::string control_plane_;
  sim::EnvoyBugs bugs_;
  sim::proxy::DiscoveryFaults discovery_faults_;
  std::function<void(sim::EnvoyEvent)> observer_;
  std::function<void()> configured_;
  const SimTap* tap_ = nullptr;
  bool asks_for_token_ = false;
  std::string token_;
  std::weak_ptr<Life> life_;  // the process keeps it
};

}  // namespace kumasim::scenario
