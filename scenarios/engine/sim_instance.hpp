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

namespace kumasim::sim {
struct CallResult;
struct EnvoyEvent;
}  // namespace kumasim::sim
namespace kumasim::sim::proxy {
class ConfigState;
class Fabric;
}

namespace kumasim::scenario {

class SimInstance {
 public:
  SimInstance(sim::proxy::Fabric& fabric, sim::Process& process, const Scenario& scenario, const Instance& instance);
  ~SimInstance();

  /// REQUIRES: the process is down and was never started; later lives begin by Process::restart().
  void start();
  void call(const CallRequest& request, std::function<void(CallRecord)> done);
  /// Hears of the calls that the application makes by itself; with the time when each began.
  void on_inner_call(std::function<void(MonotonicTime, CallRecord)> observer) { observer_ = std::move(observer); }
  /// What is wrong with its application from now on, in all of its lives.
  void spoil(const sim::InstanceFaults& faults);
  ProxyState state() const;
  /// Fields that its Envoy took and does not interpret, each with the first resource that has it.
  std::map<std::string, std::string> uninterpreted() const;
  /// As kuma-dp does when it is asked to end: its Envoy drains its connections.
  void drain(Duration time);
  /// Hears of its Envoy's conversation with the control plane.
  void on_envoy_event(std::function<void(sim::EnvoyEvent)> observer) { envoy_observer_ = std::move(observer); }
  /// address:port of its inbound.
  std::string address() const;

 private:
  struct Life;

  Endpoints endpoints_of(const sim::proxy::ConfigState& config) const;
  void observe(const std::string& to, const std::string& path, const sim::CallResult& result) const;
  asio::awaitable<void> run_sidecar(Runtime& runtime, Life* life);

  sim::proxy::Fabric& fabric_;
  sim::Process& process_;
  const Scenario& scenario_;
  const Instance& instance_;
  DataplanePorts ports_;
  std::function<void(MonotonicTime, CallRecord)> observer_;
  sim::InstanceFaults faults_;
  std::function<void(sim::EnvoyEvent)> envoy_observer_;
  std::weak_ptr<Life> life_;  // the process keeps it
};

}  // namespace kumasim::scenario
