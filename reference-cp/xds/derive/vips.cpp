#include "reference-cp/xds/derive/vips.hpp"

#include <algorithm>
#include <map>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/derive/address_pool.hpp"
#include "reference-cp/xds/external_address.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/remote_endpoints.hpp"

namespace kumasim::cp::derive {
namespace {

using Wanted = std::map<std::pair<VipKind, std::string>, VipEntry>;

/// An address for its service, and one for its host unless that is not wanted; of two with the same port the first
/// counts.
void add_external(const Resource& service, Wanted& wanted) {
  std::string name = text_at(service.spec, "tags", "kuma.io/service");
  ExternalAddress address = external_address(service);
  VipOutbound outbound{address.port, {{"kuma.io/service", name}}, "service"};
  wanted.try_emplace({VipKind::service, name}, VipEntry{VipKind::service, name, {}, {outbound}});
  if (flag_at(service.spec, "networking", "disableHostDNSEntry")) return;
  outbound.origin = "host:" + service.meta.name;
  VipEntry& host =
      wanted.try_emplace({VipKind::host, address.host}, VipEntry{VipKind::host, address.host, {}, {}}).first->second;
  if (std::ranges::find(host.outbounds, address.port, &VipOutbound::port) == host.outbounds.end())
    host.outbounds.push_back(std::move(outbound));
}

}  // namespace

VipTable vips(const MeshView& mesh, const VipTable& old) {
  Wanted wanted;
  for (const auto& [name, dataplane] : mesh.all("Dataplane"))
    for (const Inbound& inbound : inbounds_of(*dataplane)) {
      bool ignored = text_at(at(dataplane->spec, "networking", "inbound").at(inbound.index), "state") == "Ignored";
      if (inbound.serviceless || ignored) continue;
      VipEntry entry{VipKind::service, inbound.service, {}, {{0, {{"kuma.io/service", inbound.service}}, "service"}}};
      wanted.try_emplace({entry.kind, entry.name}, entry);
    }
  for (const auto& [name, ingress] : mesh.all("ZoneIngress")) {
    if (!is_remote_ingress(*ingress, mesh.settings().zone)) continue;
    for (const nlohmann::json& service : at(ingress->spec, "availableServices")) {
      if (text_at(service, "mesh") != mesh.name()) continue;
      std::string tag = text_at(service, "tags", "kuma.io/service");
      VipEntry entry{VipKind::service, tag, {}, {{0, {{"kuma.io/service", tag}}, "service"}}};
      wanted.try_emplace({entry.kind, entry.name}, entry);
    }
  }
  for (const auto& [name, service] : mesh.all("ExternalService")) add_external(*service, wanted);
  AddressPool pool("240.0.0.0", 4);
  for (const VipEntry& entry : old) {
    pool.take(entry.address);
    auto found = wanted.find({entry.kind, entry.name});
    if (found != wanted.end()) found->second.address = entry.address;
  }
  VipTable table;
  for (auto& [key, entry] : wanted) {
    if (entry.address.empty()) entry.address = pool.next();
    table.push_back(std::move(entry));
  }
  return table;
}

}  // namespace kumasim::cp::derive
