/// Choice of a MeshGateway by its selectors.
#include "reference-cp/policy/gateway.hpp"

#include <algorithm>
#include <utility>

#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy {
namespace {

using Json = nlohmann::json;

/// A gateway of a zone serves proxies of that zone only.
bool serves_zone(const Meta& gateway, const Meta& proxy) {
  if (gateway.label("kuma.io/origin") != "zone") return true;
  std::string zone = proxy.label("kuma.io/zone"), own = gateway.label("kuma.io/zone");
  return zone.empty() || own.empty() || own == zone;
}

Tags gateway_tags(const Resource& dataplane) { return tags_of(at(dataplane.spec, "networking", "gateway", "tags")); }

const Json& listeners_of(const Resource& gateway) { return at(gateway.spec, "conf", "listeners"); }

bool is_cross_mesh(const Json& listener) { return flag_at(listener, "crossMesh"); }

void add_endpoints(const Resource& dataplane, const Gateway& gateway, CrossMeshGateways& out) {
  const Json& networking = at(dataplane.spec, "networking");
  const Json& listeners = listeners_of(*gateway.resource);
  for (std::size_t i = 0; i < gateway.listeners.size(); ++i) {
    if (!is_cross_mesh(listeners.at(i))) continue;
    Endpoint endpoint;
    endpoint.address = gateway.address;
    endpoint.port = gateway.listeners[i].port;
    endpoint.tags = gateway.listeners[i].tags;
    // Of the proxy: tags of gateways and listeners may say otherwise.
    if (std::string zone = text_at(networking, "gateway", "tags", "kuma.io/zone"); !zone.empty())
      endpoint.locality = Locality{zone, {}, 0, 0};
    out.endpoints[text_at(networking, "gateway", "tags", "kuma.io/service")].push_back(std::move(endpoint));
  }
}

}  // namespace

Tags gateway_tags(const ProxyView& proxy) { return gateway_tags(*proxy.dataplane); }

std::optional<Gateway> gateway_of(const ProxyView& proxy, const MeshView& mesh) {
  std::vector<ResourcePtr> gateways;
  for (auto [name, resource] : mesh.all("MeshGateway")) gateways.push_back(resource);
  return gateway_of(*proxy.dataplane, gateways);
}

std::optional<Gateway> gateway_of(const Resource& dataplane, std::span<const ResourcePtr> gateways) {
  if (text_at(dataplane.spec, "networking", "gateway", "type") != "BUILTIN") return std::nullopt;
  const Tags own = gateway_tags(dataplane);
  std::vector<Tags> tag_sets = {own};
  for (const Inbound& inbound : inbounds_of(dataplane)) tag_sets.push_back(inbound.tags);
  ResourcePtr best;
  legacy::Rank best_rank;
  for (const ResourcePtr& resource : gateways) {
    if (!serves_zone(resource->meta, dataplane.meta)) continue;
    for (const Json& each : at(resource->spec, "selectors")) {
      Tags selector = legacy::selector_of(each);
      if (std::ranges::none_of(tag_sets, [&](const Tags& tags) { return legacy::matches(selector, tags); })) continue;
      legacy::Rank rank = legacy::rank(selector);
      int order = best ? legacy::compare(rank, best_rank) : 1;
      if (order > 0 || (order == 0 && resource->meta.creation > best->meta.creation)) best = resource, best_rank = rank;
    }
  }
  if (!best) return std::nullopt;

  Gateway gateway{best, text_at(dataplane.spec, "networking", "address"), {}};
  for (const Json& each : listeners_of(*best)) {
    Tags tags = own;
    for (const Json* more : {&at(best->spec, "tags"), &at(each, "tags")})
      for (auto& [key, value] : tags_of(*more)) tags.insert_or_assign(key, value);
    std::string hostname = text_at(each, "hostname");
    gateway.listeners.push_back({number_at(each, "port"), hostname.empty() ? "*" : hostname, std::move(tags)});
  }
  return gateway;
}

std::optional<CrossMeshGateways> cross_mesh_gateways(std::span<const ResourcePtr> gateways,
                                                     std::span<const ResourcePtr> dataplanes) {
  CrossMeshGateways out;
  for (const ResourcePtr& gateway : gateways)
    if (std::ranges::any_of(listeners_of(*gateway), is_cross_mesh)) out.resources.push_back(gateway);
  if (out.resources.empty()) return std::nullopt;
  for (const ResourcePtr& dataplane : dataplanes)
    if (std::optional<Gateway> gateway = gateway_of(*dataplane, gateways)) add_endpoints(*dataplane, *gateway, out);
  return out;
}

}  // namespace kumasim::cp::policy
