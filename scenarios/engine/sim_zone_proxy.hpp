/// One simulated ZoneIngress or ZoneEgress in a process of its own.
#pragma once

#include "kumasim/scenario/scenario.hpp"
#include "scenarios/engine/sim_proxy.hpp"

namespace kumasim::scenario {

class SimZoneProxy {
 public:
  enum class Role : std::uint8_t { ingress, egress };
  SimZoneProxy(sim::proxy::Fabric& fabric, sim::Process& process, const Zone& zone, Role role, sim::EnvoyBugs bugs);

  /// REQUIRES: the process is down and was never started; later lives begin by Process::restart().
  void start();
  ProxyState state() const;
  SimProxy& proxy() { return proxy_; }
  /// address:port at which it takes connections.
  std::string address() const;

 private:
  dp::BootstrapRequest bootstrap_request() const;
  std::uint16_t port() const;

  sim::Process& process_;
  Role role_;
  SimProxy proxy_;
};

}  // namespace kumasim::scenario
