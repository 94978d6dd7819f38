#include "scenarios/engine/sim_zone_proxy.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace kumasim::scenario {

SimZoneProxy::SimZoneProxy(sim::proxy::Fabric& fabric, sim::Process& process, const Zone& zone, Role role,
                           sim::EnvoyBugs bugs)
    : process_(process), role_(role), proxy_(fabric, process, zone.control_plane.name, bugs) {}

/// Those of Kuma's guides.
std::uint16_t SimZoneProxy::port() const { return role_ == Role::ingress ? 10001 : 10002; }

std::string SimZoneProxy::address() const { return fmt::format("{}:{}", process_.address(), port()); }

void SimZoneProxy::start() {
  process_.start([this](Runtime& runtime) {
    proxy_.begin_life();
    proxy_.start(runtime, bootstrap_request());
  });
}

/// As a person would write the resource for `kuma-dp run --proxy-type`.
dp::BootstrapRequest SimZoneProxy::bootstrap_request() const {
  bool ingress = role_ == Role::ingress;
  nlohmann::json networking{{"address", process_.address()}, {"port", port()}};
  if (ingress) {
    networking["advertisedAddress"] = process_.address();
    networking["advertisedPort"] = port();
  }
  nlohmann::json resource{{"type", ingress ? "ZoneIngress" : "ZoneEgress"},
                          {"name", process_.name()},
                          {"networking", std::move(networking)}};
  dp::BootstrapRequest out{.mesh = {}, .name = process_.name(), .proxy_type = ingress ? "ingress" : "egress"};
  out.dataplane_resource = resource.dump();
  return out;
}

ProxyState SimZoneProxy::state() const {
  ProxyState out = proxy_.state();
  out.address = address();
  return out;
}

}  // namespace kumasim::scenario
