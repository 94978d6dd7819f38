#include "reference-cp/xds/vip_outbounds.hpp"

#include <algorithm>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/mesh_service.hpp"

namespace kumasim::cp {
namespace {

void add(std::vector<Outbound>& result, const VipEntry& entry, std::uint32_t port, const Tags& tags) {
  if (port) result.push_back({entry.address, port, tags, {}});
}

/// The general VIP port is served as well, unless the service has it among its own.
void add_legacy(std::vector<Outbound>& result, const VipEntry& entry, std::uint32_t vip_port) {
  if (entry.address.empty() || entry.outbounds.empty()) return;
  if (entry.kind == VipKind::service) {
    const VipOutbound& first = entry.outbounds.front();
    add(result, entry, first.port, first.tags);
    if (first.port != vip_port) add(result, entry, vip_port, first.tags);
    return;
  }
  for (const VipOutbound& outbound : entry.outbounds) add(result, entry, outbound.port, outbound.tags);
  bool has = std::ranges::any_of(entry.outbounds, [&](const VipOutbound& o) { return o.port == vip_port; });
  bool named = entry.name != entry.address;  // else it is an address already
  if (entry.kind == VipKind::host && !has && named) add(result, entry, vip_port, entry.outbounds.front().tags);
}

VipDomains domains_of(const VipEntry& entry, const std::string& dns_domain) {
  VipDomains result{entry.address, {}};
  if (entry.kind != VipKind::service) {
    result.domains.push_back(entry.name);
    return result;
  }
  std::string plain = entry.name + "." + dns_domain;
  std::string dotted = entry.name;
  std::ranges::replace(dotted, '_', '.');
  dotted += "." + dns_domain;
  result.domains.push_back(plain);
  if (dotted != plain) result.domains.push_back(dotted);
  return result;
}

}  // namespace

std::vector<Outbound> vip_outbounds(const MeshView& mesh) {
  std::vector<Outbound> result;
  if (mesh.mesh_services_mode() != "Exclusive")
    for (const VipEntry& entry : mesh.vips()) add_legacy(result, entry, mesh.settings().vip_port);
  for (std::string_view kind : mesh_service::kinds)
    for (const auto& [name, service] : mesh.all(kind))
      for (const std::string& vip : mesh_service::vips(*service))
        for (const ServicePort& port : mesh_service::ports(*service))
          result.push_back({vip, port.port, {}, Kri::of(*service, port.name)});
  return result;
}

std::vector<VipDomains> vip_domains(const MeshView& mesh) {
  std::vector<VipDomains> result;
  if (mesh.mesh_services_mode() != "Exclusive")
    for (const VipEntry& entry : mesh.vips())
      if (!entry.address.empty() && entry.name != entry.address)
        result.push_back(domains_of(entry, mesh.settings().dns_domain));
  for (std::string_view kind : mesh_service::kinds)
    for (const auto& [name, service] : mesh.all(kind))
      if (std::vector<std::string> vips = mesh_service::vips(*service); !vips.empty())
        result.push_back({vips.front(), mesh_service::hostnames(*service)});
  return result;
}

}  // namespace kumasim::cp
