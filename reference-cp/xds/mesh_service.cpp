#include "reference-cp/xds/mesh_service.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp {

bool has_labels(const Resource& resource, const Tags& labels) {
  return std::ranges::all_of(labels, [&](const auto& label) {
    auto found = resource.meta.labels.find(label.first);
    return found != resource.meta.labels.end() && found->second == label.second;
  });
}

bool ServicePort::selects(const Inbound& inbound) const {
  return target_number ? *target_number == inbound.port : target_name == inbound.name;
}

namespace mesh_service {

std::vector<ServicePort> ports(const Resource& service) {
  std::vector<ServicePort> result;
  if (const nlohmann::json& match = at(service.spec, "match"); match.is_object()) {
    ServicePort port;
    port.port = number_at(match, "port");
    port.name = std::to_string(port.port);
    port.protocol = text_at(match, "protocol").empty() ? "tcp" : text_at(match, "protocol");
    return {port};
  }
  for (const nlohmann::json& from : at(service.spec, "ports")) {
    ServicePort port;
    port.port = number_at(from, "port");
    port.name = text_at(from, "name");
    if (port.name.empty()) port.name = std::to_string(port.port);
    const nlohmann::json& target = at(from, "targetPort");
    if (target.is_string()) {
      port.target_name = target.get<std::string>();
    } else {
      // As recorded of Kuma 2.12.14: without a targetPort a port selects no inbound.
      port.target_number = number_at(from, "targetPort");
    }
    port.protocol = text_at(from, "appProtocol");
    if (port.protocol.empty()) port.protocol = "tcp";
    result.push_back(std::move(port));
  }
  return result;
}

std::optional<ServicePort> find_port(const Resource& service, std::string_view section) {
  for (ServicePort& port : ports(service))
    if (service.kind->type() == "MeshExternalService" || port.name == section || std::to_string(port.port) == section)
      return std::move(port);
  return std::nullopt;
}

bool is_local(const Resource& service) {
  std::string origin = service.meta.label("kuma.io/origin");
  return origin.empty() || origin == "zone";
}

std::string destination_name(const Kri& kri, std::uint32_t port) {
  std::string_view kind = kri.type == "MeshExternalService"    ? "extsvc"
                          : kri.type == "MeshMultiZoneService" ? "mzsvc"
                                                               : "msvc";
  return fmt::format("{}_{}_{}_{}_{}_{}", kri.mesh, kri.name, kri.ns, kri.zone, kind, port);
}

std::string destination_name(const Resource& service, const ServicePort& port) {
  return destination_name(Kri::of(service), port.port);
}

bool selects(const Resource& service, const Resource& dataplane) {
  const nlohmann::json& selector = at(service.spec, "selector");
  if (std::string name = text_at(selector, "dataplaneRef", "name"); !name.empty()) return name == dataplane.meta.name;
  const nlohmann::json& tags = at(selector, "dataplaneTags");
  return tags.is_object() && !tags.empty() && dataplane_matches(dataplane, tags_of(tags));
}

std::string sni_name(const Resource& service, const std::string& system_namespace) {
  std::string display = service.meta.label("kuma.io/display-name");
  if (service.kind->type() != "MeshService") return display.empty() ? service.meta.name : display;
  std::string ns = service.meta.label("k8s.kuma.io/namespace");
  std::string origin = service.meta.label("kuma.io/origin");
  if (origin == "global") {
    return ns.empty() || ns == system_namespace ? display : display + "." + ns;
  }
  if (system_namespace.empty() && origin == "zone" && !ns.empty()) return service.meta.name + "." + ns;
  return service.meta.name;
}

std::vector<std::string> vips(const Resource& service) {
  std::vector<std::string> result;
  if (std::string vip = text_at(service.status, "vip", "ip"); !vip.empty()) result.push_back(std::move(vip));
  for (const nlohmann::json& vip : at(service.status, "vips")) result.push_back(text_at(vip, "ip"));
  return result;
}

std::vector<std::string> hostnames(const Resource& service) {
  std::vector<std::string> result;
  for (const nlohmann::json& address : at(service.status, "addresses")) result.push_back(text_at(address, "hostname"));
  return result;
}

bool tls_ready(const Resource& service) { return text_at(service.status, "tls", "status") == "Ready"; }

std::vector<std::string> service_tag_identities(const Resource& service) {
  std::vector<std::string> result;
  for (const nlohmann::json& identity : at(service.spec, "identities"))
    if (text_at(identity, "type") == "ServiceTag") result.push_back(text_at(identity, "value"));
  return result;
}

std::vector<Kri> named(const Resource& combined) {
  std::vector<Kri> result;
  for (const nlohmann::json& of : at(combined.status, "meshServices"))
    result.push_back(
        {"MeshService", text_at(of, "mesh"), text_at(of, "zone"), text_at(of, "namespace"), text_at(of, "name"), {}});
  return result;
}

std::vector<const Resource*> matched(const MeshView& mesh, const Resource& combined) {
  std::vector<const Resource*> result;
  for (const Kri& kri : named(combined))
    if (const Resource* service = mesh.destination(kri)) result.push_back(service);
  return result;
}

std::vector<std::string> combined_identities(const MeshView& mesh, const Resource& combined) {
  std::set<std::string> all;
  for (const Resource* service : matched(mesh, combined))
    for (std::string& identity : service_tag_identities(*service)) all.insert(std::move(identity));
  return {all.begin(), all.end()};
}

std::vector<std::string> identity_uris(const MeshView& mesh, const Resource& service) {
  std::vector<std::string> result;
  for (const nlohmann::json& identity : at(service.spec, "identities")) {
    std::string value = text_at(identity, "value");
    result.push_back(text_at(identity, "type") == "ServiceTag" ? fmt::format("spiffe://{}/{}", mesh.name(), value)
                                                                : value);
  }
  return result;
}

std::vector<std::string> combined_identity_uris(const MeshView& mesh, const Resource& combined) {
  std::set<std::string> all;
  for (const Resource* service : matched(mesh, combined))
    for (const nlohmann::json& identity : at(service->spec, "identities")) all.insert(text_at(identity, "value"));
  return {all.begin(), all.end()};
}

}  // namespace mesh_service
}  // namespace kumasim::cp
