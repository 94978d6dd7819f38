/// One simulated ZoneIngress or ZoneEgress in a process of its own.
#pragma once

#include "kumasim/scenario/scenario.hpp"
#include "scenarios/engine/dataplane.hpp"
#include "scenarios/engine/sim_proxy.hpp"

namespace kumasim::scenario {

class SimZoneProxy {
 public:
  using Role = ZoneProxyRole;
  SimZoneProxy(sim::proxy::Fabric& fabric, sim::Process& process, const Zone& zone, Role role, sim::EnvoyBugs bugs);

  /// REQUIRES: the process is down and was never started; later lives begin by Process::restart().
  void start();
  ProxyState state() const;
  SimProxy& proxy() { return proxy_; }
  /// address:port at which it takes connections.
  std::string address() const;

 private:
  dp::BootstrapRequest bootstrap_request() const;

  sim::Process& process_;
  Role role_;
  SimProxy proxy_;
};

}  // namespace kumasim::scenario
