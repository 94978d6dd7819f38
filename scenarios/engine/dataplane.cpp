/// Dataplanes as a person would write them for kuma-dp run.
#include "scenarios/engine/dataplane.hpp"

namespace kumasim::scenario {

nlohmann::json dataplane_of(const Scenario& scenario, const Instance& instance, const std::string& address,
                            DataplanePorts ports) {
  const Service& service = *scenario.find_service(instance.service);
  nlohmann::json inbound{{"port", ports.inbound}, {"servicePort", ports.service}, {"tags", instance.tags}};
  nlohmann::json networking{{"address", address}, {"inbound", nlohmann::json::array({inbound})}};
  for (const Outbound& outbound : service.calls) {
    networking["outbound"].push_back(
        {{"port", outbound_port(service, outbound.to, ports)}, {"tags", {{"kuma.io/service", outbound.to}}}});
  }
  return {
      {"type", "Dataplane"}, {"mesh", service.mesh}, {"name", instance.process}, {"networking", std::move(networking)}};
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
