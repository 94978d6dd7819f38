/// `/_layout`: a proxy's inbounds, and the destinations that it can reach.
#include <map>

#include "reference-cp/policy/resolve.hpp"
#include "reference-cp/rest/inspect/views.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::inspect {
namespace {

using Json = nlohmann::json;
using Ports = std::map<Kri, policy::Port>;

constexpr std::string_view destination_kinds[] = {"MeshExternalService", "MeshMultiZoneService", "MeshService"};

void add_all_ports(const Resource& destination, Ports& out) {
  for (policy::Port& port : policy::ports_of(destination)) {
    Kri id = Kri::of(destination, port.name);
    out[std::move(id)] = std::move(port);
  }
}

/// What one reference to a destination means: by labels all that have them, else the one of this name. The first that
/// is not there, or that has the port asked for, ends it.
void add_reference(const Json& ref, std::string ns, const Resource& dataplane, const MeshView& mesh, Ports& out) {
  const std::string kind = text_at(ref, "kind");
  std::vector<Kri> ids;
  if (Tags labels = tags_of(at(ref, "labels")); !labels.empty())
    for (const auto& [name, resource] : mesh.all(kind)) {
      bool all = true;
      for (const auto& [key, value] : labels) all = all && resource->meta.label(key) == value;
      if (all) ids.push_back(Kri::of(*resource));
    }
  if (ids.empty()) {
    policy::TargetRef target;
    target.kind = policy::ref_kind(kind);
    target.name = text_at(ref, "name");
    target.ns = std::move(ns);
    ids.push_back(policy::kri_of(target, Kri::of(dataplane)));
  }
  const std::uint32_t wanted = number_at(ref, "port");
  for (const Kri& id : ids) {
    const Resource* destination = mesh.destination(id);
    if (destination == nullptr) return;
    auto port = wanted != 0 ? policy::find_port(*destination, std::to_string(wanted)) : std::nullopt;
    if (port) {
      Kri section = id.with_section(port->name);
      out[std::move(section)] = *std::move(port);
      return;
    }
    add_all_ports(*destination, out);
  }
}

/// What its own outbounds name; else what it is said to reach; else everything.
Ports reachable_ports(const Resource& dataplane, const MeshView& mesh) {
  const Json& networking = at(dataplane.spec, "networking");
  Ports out;
  for (const Json& outbound : at(networking, "outbound"))
    if (const Json& ref = at(outbound, "backendRef"); ref.is_object()) add_reference(ref, {}, dataplane, mesh, out);
  if (!out.empty()) return out;
  const Json& backends = at(networking, "transparentProxying", "reachableBackends");
  if (backends.is_object()) {
    for (const Json& ref : at(backends, "refs")) add_reference(ref, text_at(ref, "namespace"), dataplane, mesh, out);
    return out;
  }
  for (std::string_view kind : destination_kinds)
    for (const auto& [name, destination] : mesh.all(kind)) add_all_ports(*destination, out);
  return out;
}

}  // namespace

Json layout(const Resource& dataplane, const MeshView& mesh) {
  const Kri own = Kri::of(dataplane);
  Json inbounds = Json::array();
  for (const Inbound& inbound : inbounds_of(dataplane)) {
    std::string section = inbound.name.empty() ? std::to_string(inbound.port) : inbound.name;
    inbounds.push_back({{"kri", own.with_section(section).to_string()},
                        {"port", inbound.port},
                        {"protocol", inbound.protocol},
                        {"proxyResourceName", "self_inbound_dp_" + section}});
  }
  std::map<std::string, Json> outbounds;  // by KRI
  for (const auto& [id, port] : reachable_ports(dataplane, mesh)) {
    std::string kri = id.to_string();
    outbounds[kri] = {{"kri", kri}, {"port", port.value}, {"protocol", port.protocol}, {"proxyResourceName", kri}};
  }
  Json list = Json::array();
  for (auto& [kri, outbound] : outbounds) list.push_back(std::move(outbound));
  return {{"kri", own.to_string()},
          {"labels", dataplane.meta.labels},
          {"inbounds", std::move(inbounds)},
          {"outbounds", std::move(list)}};
}

}  // namespace kumasim::cp::inspect
