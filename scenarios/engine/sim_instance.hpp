/// One simulated instance: the application, its sidecar and the calls that it makes, in one process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kumasim/scenario/world.hpp"
#include "kumasim/sim/world.hpp"
#include "scenarios/engine/dataplane.hpp"
#include "scenarios/engine/destination.hpp"
#include "scenarios/engine/sim_proxy.hpp"
#include "sim/apps/instance.hpp"

namespace kumasim::sim {
struct CallResult;
}
namespace kumasim::sim::proxy {
class ConfigState;
}

namespace kumasim::scenario {

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
  SimProxy& proxy() { return proxy_; }
  /// Calls keep their steps. Set before start().
  void keep_steps() { keeps_steps_ = true; }
  /// address:port of its inbound.
  std::string address() const;
  std::uint16_t inbound_port() const { return ports_.inbound; }
  /// How its application calls a service that it calls.
  sim::Call call_to(const std::string& service) const;

 private:
  struct Life;

  CallRecord record_of(const sim::CallResult& result) const;
  Endpoints endpoints_of(const sim::proxy::ConfigState& config) const;
  void observe(const std::string& to, const std::string& path, const sim::CallResult& result) const;
  /// With its override.
  Instance as_it_starts() const;
  dp::BootstrapRequest bootstrap_request() const;

  sim::proxy::Fabric& fabric_;
  sim::Process& process_;
  const Scenario& scenario_;
  const Instance& instance_;
  std::vector<Destination> destinations_;
  DataplanePorts ports_;
  std::function<void(MonotonicTime, CallRecord)> observer_;
  sim::InstanceFaults faults_;
  std::string override_;
  SimProxy proxy_;
  bool keeps_steps_ = false;
  std::weak_ptr<Life> life_;  // the process keeps it
};

}  // namespace kumasim::scenario
