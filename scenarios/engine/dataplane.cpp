/// Dataplanes as a person would write them for kuma-dp run.
#include "scenarios/engine/dataplane.hpp"

#include "scenarios/engine/destination.hpp"

namespace kumasim::scenario {
nlohmann::json dataplane_of(const Scenario& scenario, const Instance& instance, const std::string& address,
                            DataplanePorts ports) {
  const Service& service = *scenario.find_service(instance.service);
  nlohmann::json inbound{{"port", ports.inbound}, {"servicePort", ports.service}, {"tags", instance.tags}};
  nlohmann::json networking{{"address", address}, {"inbound", nlohmann::json::array({inbound})}};
  const Destinations destinations(scenario);
  for (const Outbound& outbound : service.calls) {
    nlohmann::json out{{"port", outbound_port(service, outbound.to, ports)}};
    Destination destination = destinations.of(service, instance, outbound);
    if (destination.kind == Destination::Kind::service_tag) {
      out["tags"] = {{"kuma.io/service", destination.name}};
    } else {
      if (!destination.backend_ref.contains("port"))
        destination.backend_ref["port"] = scenario.find_service(outbound.to)->port;
      out["backendRef"] = std::move(destination.backend_ref);
    }
    networking["outbound"].push_back(std::move(out));
  }
  nlohmann::json dataplane{
      {"type", "Dataplane"}, {"mesh", service.mesh}, {"name", instance.process}, {"networking", std::move(networking)}};
  if (!service.labels.empty()) dataplane["labels"] = service.labels;
  return dataplane;
}

std::uint16_t zone_proxy_port(ZoneProxyRole role) { return role == ZoneProxyRole::ingress ? 10001 : 10002; }

nlohmann::json zone_proxy_of(const std::string& name, ZoneProxyRole role, const std::string& address) {
  bool ingress = role == ZoneProxyRole::ingress;
  nlohmann::json networking{{"address", address}, {"port", zone_proxy_port(role)}};
  if (ingress) {
    networking["advertisedAddress"] = address;
    networking["advertisedPort"] = zone_proxy_port(role);
  }
  return {{"type", ingress ? "ZoneIngress" : "ZoneEgress"}, {"name", name}, {"networking", std::move(networking)}};
}

std::uint16_t outbound_port(const Service& caller, const std::string& called, DataplanePorts ports) {
  std::uint16_t port = ports.first_outbound;
  for (const Outbound& outbound : caller.calls) {
    if (outbound.to == called) return port;
    ++port;
  }
  return 0;
}

}  // namespace kumasim::scenario
