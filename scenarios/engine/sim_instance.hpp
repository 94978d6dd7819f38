/// One simulated instance: the application, its sidecar and the calls that it makes, in one process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "kumasim/scenario/world.hpp"
#include "kumasim/sim/world.hpp"
#include "scenarios/engine/dataplane.hpp"

namespace kumasim::sim::proxy {
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
  ProxyState state() const;
  /// Fields that its Envoy took and does not interpret, each with the first resource that has it.
  std::map<std::string, std::string> uninterpreted() const;
  /// address:port of its inbound.
  std::string address() const;

 private:
  struct Life;

  asio::awaitable<void> run_sidecar(Runtime& runtime, Life* life);

  sim::proxy::Fabric& fabric_;
  sim::Process& process_;
  const Scenario& scenario_;
  const Instance& instance_;
  DataplanePorts ports_;
  std::weak_ptr<Life> life_;  // the process keeps it
};

}  // namespace kumasim::scenario
