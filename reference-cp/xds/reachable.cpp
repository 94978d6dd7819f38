#include "reference-cp/xds/reachable.hpp"

#include <algorithm>
#include <set>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_service.hpp"

namespace kumasim::cp {

bool addresses_overlap(const std::string& a, const std::string& b) {
  auto any = [](const std::string& x) { return x == "0.0.0.0" || x == "::"; };
  return a == b || any(a) || any(b);
}

namespace {

bool uses_inbound(const std::vector<Inbound>& inbounds, const Outbound& outbound) {
  return std::ranges::any_of(inbounds, [&](const Inbound& inbound) {
    return (outbound.port == inbound.port && addresses_overlap(outbound.address, inbound.address)) ||
           (outbound.port == inbound.service_port && addresses_overlap(outbound.address, inbound.service_address));
  });
}

/// Identities that one reference stands for, without sections.
std::vector<Kri> referenced(const MeshView& mesh, const Resource& dataplane, const nlohmann::json& ref) {
  std::string kind = text_at(ref, "kind");
  std::vector<Kri> result;
  Tags labels = tags_of(at(ref, "labels"));
  if (!labels.empty())
    for (const auto& [name, resource] : mesh.all(kind))
      if (has_labels(*resource, labels)) result.push_back(Kri::of(*resource));
  if (result.empty()) {
    Kri own = Kri::of(dataplane);
    std::string ns = text_at(ref, "namespace");
    result.push_back({kind, own.mesh, own.zone, ns.empty() ? own.ns : ns, text_at(ref, "name"), {}});
  }
  return result;
}

/// Identities with sections that references allow.
std::set<Kri> allowed_backends(const MeshView& mesh, const Resource& dataplane, const nlohmann::json& refs) {
  std::set<Kri> result;
  for (const nlohmann::json& ref : refs)
    for (const Kri& kri : referenced(mesh, dataplane, ref)) {
      const Resource* destination = mesh.destination(kri);
      if (!destination) continue;
      std::uint32_t port = number_at(ref, "port");
      auto found = port ? mesh_service::find_port(*destination, std::to_string(port)) : std::nullopt;
      if (found) {
        result.insert(kri.with_section(found->name));
        continue;
      }
      for (const ServicePort& each : mesh_service::ports(*destination)) result.insert(kri.with_section(each.name));
    }
  return result;
}

/// References of the Dataplane's own outbounds to Mesh*Services.
nlohmann::json own_references(const Resource& dataplane) {
  nlohmann::json result = nlohmann::json::array();
  for (const nlohmann::json& outbound : at(dataplane.spec, "networking", "outbound"))
    if (const nlohmann::json& ref = at(outbound, "backendRef"); ref.is_object()) result.push_back(ref);
  return result;
}

}  // namespace

std::vector<Outbound> reachable(const MeshView& mesh, const Resource& dataplane, const std::vector<Inbound>& inbounds,
                                std::vector<Outbound> outbounds) {
  const nlohmann::json& transparent = at(dataplane.spec, "networking", "transparentProxying");
  std::set<std::string> services;
  for (const nlohmann::json& name : at(transparent, "reachableServices"))
    if (name.is_string()) services.insert(name.get<std::string>());
  const nlohmann::json& backends = at(transparent, "reachableBackends");
  // Own outbounds that lead somewhere count before the list, as Kuma has it, and without it.
  std::set<Kri> allowed;
  if (transparent.is_object()) allowed = allowed_backends(mesh, dataplane, own_references(dataplane));
  bool selected = backends.is_object() || !allowed.empty();
  if (allowed.empty() && selected) allowed = allowed_backends(mesh, dataplane, at(backends, "refs"));
  bool only_on_demand = mesh.mesh_services_mode() == "ReachableBackends" && !backends.is_object();
  auto unwanted = [&](const Outbound& outbound) {
    if (outbound.legacy()) {
      if (!services.empty() && !services.contains(outbound.service())) return true;
    } else if (only_on_demand || (selected ? !allowed.contains(outbound.resource) : !services.empty())) {
      return true;
    }
    return uses_inbound(inbounds, outbound);
  };
  std::erase_if(outbounds, unwanted);
  return outbounds;
}

}  // namespace kumasim::cp
