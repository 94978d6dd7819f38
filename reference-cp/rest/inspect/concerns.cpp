/// `/_resources/dataplanes` (whom a policy is about), a gateway's proxies, and `/_hostnames`.
#include <map>
#include <set>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/rest/inspect/gateway_routes.hpp"
#include "reference-cp/rest/inspect/views.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/derive/mesh_service_status.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_service.hpp"

namespace kumasim::cp::inspect {
namespace {

using Json = nlohmann::json;

/// Not owned: a caller's resource as the pointer that a view of a proxy keeps.
ResourcePtr borrowed(const Resource& resource) { return {std::shared_ptr<const void>(), &resource}; }

bool has_tags(const ProxyView& proxy, const Tags& selector) {
  if (!proxy.gateway_type.empty() && policy::legacy::matches(selector, policy::gateway_tags(proxy))) return true;
  for (const Inbound& inbound : proxy.inbounds)
    if (policy::legacy::matches(selector, inbound.tags)) return true;
  return false;
}

bool is_selected(const Json& selectors, const ProxyView& proxy) {
  for (const Json& selector : selectors)
    if (has_tags(proxy, policy::legacy::selector_of(selector))) return true;
  return false;
}

/// A generator's selector for a kind of service, null where it makes no names of these.
const Json& selector_for(const Resource& generator, const std::string& type) {
  const char* key = type == "MeshService"           ? "meshService"
                    : type == "MeshExternalService" ? "meshExternalService"
                                                    : "meshMultiZoneService";
  return at(generator.spec, "selector", key);
}

std::string zone_of(const Meta& meta) {
  std::string zone = meta.label("kuma.io/zone");
  return zone.empty() ? meta.name.substr(0, meta.name.find('.')) : zone;
}

}  // namespace

std::function<bool(const Resource& dataplane)> concern_of(ResourcePtr policy, MeshView::Ptr mesh) {
  if (policy->kind->type() == "MeshService")
    return [policy](const Resource& dataplane) { return mesh_service::selects(*policy, dataplane); };
  if (policy->kind->is_target_ref_policy())
    return [decoded = policy::decode_policy(policy), mesh](const Resource& dataplane) {
      return policy::select(*decoded, matching_proxy(borrowed(dataplane)), *mesh).any();
    };
  return [policy](const Resource& dataplane) {
    ProxyView proxy = matching_proxy(borrowed(dataplane));
    for (const char* side : {"selectors", "sources", "destinations"})
      if (is_selected(at(policy->spec, side), proxy)) return true;
    return false;
  };
}

Json gateway_dataplanes(const Resource& gateway, const MeshView& mesh) {
  Json items = Json::array();
  for (const auto& [name, dataplane] : mesh.all("Dataplane")) {
    ProxyView proxy = matching_proxy(dataplane);
    if (proxy.gateway_type != "BUILTIN") continue;
    bool served = gateway.kind->type() == "MeshGatewayRoute" ? has_route(gateway, proxy, mesh)
                                                             : is_selected(at(gateway.spec, "selectors"), proxy);
    if (!served) continue;
    items.push_back({{"dataplane", {{"mesh", dataplane->meta.mesh}, {"name", dataplane->meta.name}}}});
  }
  return {{"total", items.size()}, {"items", std::move(items)}};
}

Json hostnames(const Resource& service, const MeshView& mesh) {
  const std::string zone = zone_of(service.meta);
  std::map<std::string, std::multiset<std::string>> zones;  // by host name
  for (const auto& [name, generator] : mesh.all("HostnameGenerator")) {
    const Json& selector = selector_for(*generator, service.kind->type());
    if (!selector.is_object()) continue;
    // As one zone sees it: a generator of the service's own zone finds it local, every other finds it synchronised.
    Meta seen = service.meta;
    bool local = generator->meta.label("kuma.io/origin") == "zone" && zone_of(generator->meta) == zone;
    seen.labels["kuma.io/origin"] = local ? "zone" : "global";
    bool chosen = true;
    for (const auto& [label, value] : tags_of(at(selector, "matchLabels")))
      chosen = chosen && seen.label(label) == value;
    if (!chosen) continue;
    std::string host = derive::hostname(text_at(generator->spec, "template"), seen, zone);
    if (!host.empty()) zones[host].insert(zone);
  }
  Json items = Json::array();
  for (const auto& [host, names] : zones) {
    Json list = Json::array();
    for (const std::string& name : names) list.push_back({{"name", name}});
    items.push_back({{"hostname", host}, {"zones", std::move(list)}});
  }
  return {{"total", items.size()}, {"items", items.empty() ? Json() : std::move(items)}};
}

}  // namespace kumasim::cp::inspect
