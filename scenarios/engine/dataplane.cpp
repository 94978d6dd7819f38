/// Dataplanes as a person would write them for kuma-dp run.
#include "scenarios/engine/dataplane.hpp"

#include <algorithm>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::scenario {
namespace {

bool is_exclusive(const Scenario& scenario, const std::string& mesh) {
  return std::ranges::any_of(scenario.resources, [&](const ResourceText& text) {
    auto resource = cp::resource_from_json(text.body);
    if (!resource || resource->kind != &cp::kind::mesh() || resource->meta.name != mesh) return false;
    nlohmann::json services = resource->spec.value("meshServices", nlohmann::json::object());
    return services.is_object() && services.value("mode", "") == "Exclusive";
  });
}

/// The second part of a MeshService's cluster's name; no name of a scenario has a '_'.
std::string mesh_service_of(const std::string& cluster) {
  std::size_t begin = cluster.find('_');
  if (begin == std::string::npos || cluster.find("_msvc_") == std::string::npos) return {};
  return cluster.substr(begin + 1, cluster.find('_', begin + 1) - begin - 1);
}

}  // namespace

nlohmann::json dataplane_of(const Scenario& scenario, const Instance& instance, const std::string& address,
                            DataplanePorts ports) {
  const Service& service = *scenario.find_service(instance.service);
  nlohmann::json inbound{{"port", ports.inbound}, {"servicePort", ports.service}, {"tags", instance.tags}};
  nlohmann::json networking{{"address", address}, {"inbound", nlohmann::json::array({inbound})}};
  bool exclusive = is_exclusive(scenario, service.mesh);
  for (const Outbound& outbound : service.calls) {
    nlohmann::json out{{"port", outbound_port(service, outbound.to, ports)}};
    if (exclusive) {
      std::uint16_t port = ports.called != 0 ? ports.called : scenario.find_service(outbound.to)->port;
      out["backendRef"] = {{"kind", "MeshService"}, {"name", outbound.to}, {"port", port}};
    } else {
      out["tags"] = {{"kuma.io/service", outbound.to}};
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

std::string service_of_cluster(const std::string& cluster, const std::vector<std::string>& called) {
  if (std::string service = mesh_service_of(cluster); !service.empty())
    return std::ranges::find(called, service) == called.end() ? std::string() : service;
  std::string best;
  for (const std::string& service : called) {
    bool fits = cluster == service || cluster.starts_with(service + "-");
    if (fits && service.size() > best.size()) best = service;
  }
  return best;
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
