#include "reference-cp/xds/derive/vips.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/model/rules/network.hpp"
#include "reference-cp/xds/cross_mesh.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/derive/address_pool.hpp"
#include "reference-cp/xds/derive/virtual_outbounds.hpp"
#include "reference-cp/xds/external_address.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/remote_endpoints.hpp"

namespace kumasim::cp::derive {
namespace {

using Wanted = std::map<std::pair<VipKind, std::string>, VipEntry>;

/// Of two outbounds with the same port the first counts; ports are in order.
void add(Wanted& wanted, VipKind kind, const std::string& name, VipOutbound outbound) {
  auto& outbounds = wanted.try_emplace({kind, name}, VipEntry{kind, name, {}, {}}).first->second.outbounds;
  auto place = std::ranges::lower_bound(outbounds, outbound.port, {}, &VipOutbound::port);
  if (place == outbounds.end() || place->port != outbound.port) outbounds.insert(place, std::move(outbound));
}

/// A port of 0 where the service has none of its own. Several ExternalServices may bring a port each.
void add_service(Wanted& wanted, const std::string& service, std::uint32_t port = 0) {
  add(wanted, VipKind::service, service, {port, {{"kuma.io/service", service}}, "service"});
}

void add_named(Wanted& wanted, const MeshView& mesh, const Tags& tags) {
  for (NamedOutbound& named : named_outbounds(mesh, tags))
    add(wanted, VipKind::fqdn, named.host, std::move(named.outbound));
}

/// An address for its service, and one for its host unless that is not wanted.
void add_external(Wanted& wanted, const Resource& service) {
  std::string name = text_at(service.spec, "tags", "kuma.io/service");
  ExternalAddress address = external_address(service);
  add_service(wanted, name, address.port);
  if (flag_at(service.spec, "networking", "disableHostDNSEntry")) return;
  add(wanted, VipKind::host, address.host,
      {address.port, {{"kuma.io/service", name}}, "host:" + service.meta.name});
}

/// The listener's own host name; one is made up where it has none, or one that stands for many.
std::string gateway_host(const MeshView& view, const std::string& mesh, const Resource& gateway,
                         const nlohmann::json& listener) {
  std::string host = text_at(listener, "hostname");
  if (!host.empty() && host.find('*') == std::string::npos) return host;
  return fmt::format("internal.{}.{}.{}", gateway.meta.name, mesh, view.settings().dns_domain);
}

/// Gateways that other meshes may reach have a name in every mesh; the tags say of which they are.
void add_gateways(Wanted& wanted, const MeshView& view) {
  for (const auto& [mesh, gateways] : view.cross_mesh())
    for (const ResourcePtr& gateway : gateways.resources)
      for (const nlohmann::json& listener : at(gateway->spec, "conf", "listeners")) {
        if (!flag_at(listener, "crossMesh")) continue;
        std::string host = gateway_host(view, mesh, *gateway, listener);
        for (const nlohmann::json& selector : at(gateway->spec, "selectors")) {
          Tags tags = tags_of(at(gateway->spec, "tags"));
          for (auto& [key, value] : tags_of(at(listener, "tags"))) tags.insert_or_assign(key, value);
          tags.insert_or_assign("kuma.io/mesh", mesh);
          for (auto& [key, value] : tags_of(at(selector, "match"))) tags.insert_or_assign(key, value);
          add(wanted, VipKind::fqdn, host,
              {number_at(listener, "port"), std::move(tags),
               fmt::format("mesh-gateway:{}:{}:{}", mesh, gateway->meta.name, host)});
        }
      }
}

/// Inbounds of services that are to have an address.
std::vector<Inbound> inbounds_with_vip(const Resource& dataplane) {
  std::vector<Inbound> inbounds = inbounds_of(dataplane);
  std::erase_if(inbounds, [&](const Inbound& inbound) {
    bool ignored = text_at(at(dataplane.spec, "networking", "inbound").at(inbound.index), "state") == "Ignored";
    return inbound.serviceless || ignored;
  });
  return inbounds;
}

}  // namespace

std::vector<std::string> vip_sources(const Resource& dataplane) {
  std::vector<std::string> result;
  for (const Inbound& inbound : inbounds_with_vip(dataplane)) {
    std::string& text = result.emplace_back();
    for (const auto& [key, value] : inbound.tags) text += key + '=' + value + '\n';
  }
  return result;
}

VipTable vips(const MeshView& mesh, const VipTable& old) {
  Wanted wanted;
  for (const auto& [name, dataplane] : mesh.all("Dataplane"))
    for (const Inbound& inbound : inbounds_with_vip(*dataplane)) {
      add_service(wanted, inbound.service);
      add_named(wanted, mesh, inbound.tags);
    }
  for (const auto& [name, ingress] : mesh.all("ZoneIngress")) {
    if (!is_remote_ingress(*ingress, mesh.settings().zone)) continue;
    for (const nlohmann::json& service : at(ingress->spec, "availableServices")) {
      if (text_at(service, "mesh") == mesh.name())
        add_service(wanted, text_at(service, "tags", "kuma.io/service"));
      add_named(wanted, mesh, tags_of(at(service, "tags")));  // of every mesh, as in Kuma
    }
  }
  for (const auto& [name, service] : mesh.all("ExternalService")) {
    add_external(wanted, *service);
    add_named(wanted, mesh, {{"kuma.io/service", text_at(service->spec, "tags", "kuma.io/service")}});
  }
  add_gateways(wanted, mesh);
  AddressPool pool("240.0.0.0", 4);
  for (const VipEntry& entry : old) {
    pool.take(entry.address);
    auto found = wanted.find({entry.kind, entry.name});
    if (found != wanted.end()) found->second.address = entry.address;
  }
  VipTable table;
  for (auto& [key, entry] : wanted) {
    // An ExternalService that is named by its address is reached at it.
    if (entry.kind == VipKind::host && is_ip(entry.name)) entry.address = entry.name;
    if (entry.address.empty()) entry.address = pool.next();
    table.push_back(std::move(entry));
  }
  return table;
}

}  // namespace kumasim::cp::derive
