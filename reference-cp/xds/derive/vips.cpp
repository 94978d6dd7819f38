#include "reference-cp/xds/derive/vips.hpp"

#include <map>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/derive/address_pool.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::derive {

VipTable vips(const MeshView& mesh, const VipTable& old) {
  std::map<std::pair<VipKind, std::string>, VipEntry> wanted;
  for (const auto& [name, dataplane] : mesh.all("Dataplane"))
    for (const Inbound& inbound : inbounds_of(*dataplane)) {
      bool ignored = text_at(at(dataplane->spec, "networking", "inbound").at(inbound.index), "state") == "Ignored";
      if (inbound.serviceless || ignored) continue;
      VipEntry entry{VipKind::service, inbound.service, {}, {{0, {{"kuma.io/service", inbound.service}}, "service"}}};
      wanted.try_emplace({entry.kind, entry.name}, entry);
    }
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
