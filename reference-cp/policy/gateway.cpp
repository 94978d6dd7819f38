/// Choice of a MeshGateway by its selectors.
#include "reference-cp/policy/gateway.hpp"

#include "reference-cp/policy/legacy/tag_selector.hpp"
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

bool matches_proxy(const Tags& selector, const ProxyView& proxy) {
  if (legacy::matches(selector, gateway_tags(proxy))) return true;
  for (const Inbound& inbound : proxy.inbounds)
    if (legacy::matches(selector, inbound.tags)) return true;
  return false;
}

}  // namespace

Tags gateway_tags(const ProxyView& proxy) {
  return tags_of(at(proxy.dataplane->spec, "networking", "gateway", "tags"));
}

std::optional<Gateway> gateway_of(const ProxyView& proxy, const MeshView& mesh) {
  if (proxy.gateway_type != "BUILTIN") return std::nullopt;
  ResourcePtr best;
  legacy::Rank best_rank;
  for (auto [name, resource] : mesh.all("MeshGateway")) {
    if (!serves_zone(resource->meta, proxy.dataplane->meta)) continue;
    for (const Json& each : at(resource->spec, "selectors")) {
      Tags selector = legacy::selector_of(each);
      if (!matches_proxy(selector, proxy)) continue;
      legacy::Rank rank = legacy::rank(selector);
      int order = best ? legacy::compare(rank, best_rank) : 1;
      if (order > 0 || (order == 0 && resource->meta.creation > best->meta.creation)) best = resource, best_rank = rank;
    }
  }
  if (!best) return std::nullopt;

  Gateway gateway{best, text_at(proxy.dataplane->spec, "networking", "address"), {}};
  for (const Json& each : at(best->spec, "conf", "listeners")) {
    Tags tags = gateway_tags(proxy);
    for (const Json* more : {&at(best->spec, "tags"), &at(each, "tags")})
      for (auto& [key, value] : tags_of(*more)) tags.insert_or_assign(key, value);
    std::string hostname = text_at(each, "hostname");
    gateway.listeners.push_back({number_at(each, "port"), hostname.empty() ? "*" : hostname, std::move(tags)});
  }
  return gateway;
}

}  // namespace kumasim::cp::policy
