/// The Dataplane resource of an instance, and those of zone proxies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

struct DataplanePorts {
  std::uint16_t inbound = 0;         // where the proxy listens for others
  std::uint16_t service = 0;         // where the application listens on 127.0.0.1
  std::uint16_t first_outbound = 0;  // the first called service; the next ones follow
};

/// Its inbound, and one outbound for each service that it calls, in their order, to its Destination.
nlohmann::json dataplane_of(const Scenario& scenario, const Instance& instance, const std::string& address,
                            DataplanePorts ports);

/// A zone proxy takes what comes from other zones in, or what goes to them out.
enum class ZoneProxyRole : std::uint8_t { ingress, egress };
/// Where it listens: the ports of Kuma's guides.
std::uint16_t zone_proxy_port(ZoneProxyRole role);
/// ZoneIngress or ZoneEgress as a person would write it for `kuma-dp run --proxy-type`.
nlohmann::json zone_proxy_of(const std::string& name, ZoneProxyRole role, const std::string& address);

/// The outbound port for a called service; 0 where it is not called.
std::uint16_t outbound_port(const Service& caller, const std::string& called, DataplanePorts ports);

}  // namespace kumasim::scenario
