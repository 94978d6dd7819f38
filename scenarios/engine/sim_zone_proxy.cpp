#include "scenarios/engine/sim_zone_proxy.hpp"

#include <fmt/format.h>

namespace kumasim::scenario {

SimZoneProxy::SimZoneProxy(sim::proxy::Fabric& fabric, sim::Process& process, const Zone& zone, Role role,
                           sim::EnvoyBugs bugs)
    : process_(process), role_(role), proxy_(fabric, process, zone.control_plane.name, bugs) {}

std::string SimZoneProxy::address() const { return fmt::format("{}:{}", process_.address(), zone_proxy_port(role_)); }

void SimZoneProxy::start() {
  process_.start([this](Runtime& runtime) {
    proxy_.begin_life();
    proxy_.start(runtime, bootstrap_request());
  });
}

dp::BootstrapRequest SimZoneProxy::bootstrap_request() const {
  dp::BootstrapRequest out{
      .mesh = {}, .name = process_.name(), .proxy_type = role_ == Role::ingress ? "ingress" : "egress"};
  out.dataplane_resource = zone_proxy_of(process_.name(), role_, process_.address()).dump();
  return out;
}

ProxyState SimZoneProxy::state() const {
  ProxyState out = proxy_.state();
  out.address = address();
  return out;
}

}  // namespace kumasim::scenario
