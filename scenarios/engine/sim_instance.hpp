/// One simulated instance: the application, its sidecar and the calls that it makes, in one process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "kumasim/scenario/world.hpp"
#include "kumasim/sim/world.hpp"
#include "scenarios/engine/dataplane.hpp"
#include "sim/apps/instance.hpp"
#include "sim/envoy/ads/discovery_faults.hpp"
#include "sim/envoy/envoy_bugs.hpp"

namespace kumasim::sim {
class EnvoyProcess;
struct CallResult;
struct EnvoyEvent;
}  // namespace kumasim::sim
namespace kumasim::sim::proxy {
class ConfigState;
class Fabric;
}  // namespace kumasim::sim::proxy

namespace kumasim::scenario {

struct SimTap;

class SimInstance {
 public:
  SimInstance(sim::proxy::Fabric& fabric, sim::Process& process, const Scenario& scenario, const Instance& instance,
              sim::EnvoyBugs bugs);
  ~SimInstance();

  /// REQUIRES: the process is down and was never started; later lives begin by Process::restart().
  void start();
  void call(const CallRequest& request, std::function<void(CallRecord)> done);
  /// Hears of the calls that the application makes by itself; with the time when each began.
  void on_inner_call(std::function<void(MonotonicTime, CallRecord)> observer) { observer_ = std::move(observer); }
  /// What is wrong with its application from now on, in all of its lives.
  void set_app_faults(const sim::InstanceFaults& faults);
  /// The tag that it has besides from its next life on, "NAME=VALUE"; "": none.
  void set_override(std::string set) { override_ = std::move(set); }
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
  void on_envoy_event(std::function<void(sim::EnvoyEvent)> observer) { envoy_observer_ = std::move(observer); }
  /// Tells it of its Envoy's lives and messages; calls keep their steps. Set before start().
  void set_tap(const SimTap* tap) { tap_ = tap; }
  /// Null while it has none. To be used before the world moves on.
  const sim::EnvoyProcess* envoy() const;
  /// address:port of its inbound.
  std::string address() const;

 private:
  struct Life;

  CallRecord record_of(const sim::CallResult& result) const;
  Endpoints endpoints_of(const sim::proxy::ConfigState& config) const;
  void observe(const std::string& to, const std::string& path, const sim::CallResult& result) const;
  /// With its override.
  Instance as_it_starts() const;
  asio::awaitable<void> run_sidecar(Runtime& runtime, Life* life);

  sim::proxy::Fabric& fabric_;
  sim::Process& process_;
  const Scenario& scenario_;
  const Instance& instance_;
  DataplanePorts ports_;
  std::function<void(MonotonicTime, CallRecord)> observer_;
  sim::InstanceFaults faults_;
  std::string override_;
  sim::EnvoyBugs bugs_;
  sim::proxy::DiscoveryFaults discovery_faults_;
  std::function<void(sim::EnvoyEvent)> envoy_observer_;
  const SimTap* tap_ = nullptr;
  std::weak_ptr<Life> life_;  // the process keeps it
};

}  // namespace kumasim::scenario
