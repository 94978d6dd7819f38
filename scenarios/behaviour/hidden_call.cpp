#include "scenarios/behaviour/hidden_call.hpp"

#include <optional>
#include <set>

#include <fmt/format.h>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::scenario {
namespace {

using cp::at;
using cp::text_at;
using nlohmann::json;

constexpr const char* zone_label = "kuma.io/zone";

/// Of a reference with labels that nothing has here.
std::optional<HiddenCall> unknown(const cp::MeshView& mesh, const json& ref) {
  const cp::Tags labels = cp::tags_of(at(ref, "labels"));
  const std::string kind = text_at(ref, "kind");
  if (labels.empty() || !mesh.destination_by_labels(kind, labels).empty()) return std::nullopt;
  std::string name, all;
  for (const auto& [key, value] : labels) {
    if (key == "kuma.io/display-name") name = value;
    all += fmt::format("{}{}={}", all.empty() ? "" : ", ", key, value);
  }
  auto zone = labels.find(zone_label);
  std::string why =
      zone == labels.end() ? fmt::format("no {} here has {}", kind, all) : "it leads to zone " + zone->second;
  return HiddenCall{name.empty() ? all : name, kind, std::move(why)};
}

/// Of a MeshMultiZoneService that selects MeshServices of another zone alone than the one that all stands in here.
std::optional<HiddenCall> elsewhere(const cp::MeshView& mesh, const cp::Kri& destination) {
  if (destination.type != "MeshMultiZoneService") return std::nullopt;
  const cp::Resource* combined = mesh.destination(destination);
  if (combined == nullptr) return std::nullopt;
  const std::string zone = text_at(combined->spec, "selector", "meshService", "matchLabels", zone_label);
  if (zone.empty() || zone == mesh.settings().zone) return std::nullopt;
  return HiddenCall{destination.name, destination.type,
                    fmt::format("its MeshMultiZoneService selects MeshServices of zone {} alone", zone)};
}

/// Where a route sends a part of the calls of the proxy.
void add_backends(const cp::MeshView& mesh, const cp::Resource& route, std::set<HiddenCall>& out) {
  for (const json& to : at(route.spec, "to"))
    for (const json& rule : at(to, "rules"))
      for (const json& ref : at(rule, "default", "backendRefs")) {
        std::optional<HiddenCall> found = unknown(mesh, ref);
        if (const cp::Tags labels = cp::tags_of(at(ref, "labels")); !found && !labels.empty())
          found = elsewhere(mesh, mesh.destination_by_labels(text_at(ref, "kind"), labels));
        if (!found) continue;
        found->why = fmt::format("{} {}: {}", route.kind->type(), route.meta.name, found->why);
        out.insert(std::move(*found));
      }
}

}  // namespace

std::vector<HiddenCall> take_hidden_calls(const cp::MeshView& mesh, cp::ProxyView& proxy) {
  std::set<HiddenCall> out;
  if (!proxy.transparent_proxy)
    for (const json& outbound : at(proxy.dataplane->spec, "networking", "outbound"))
      if (auto found = unknown(mesh, at(outbound, "backendRef"))) out.insert(std::move(*found));
  std::erase_if(proxy.outbounds, [&](const cp::Outbound& outbound) {
    auto found = elsewhere(mesh, outbound.resource);
    if (found) out.insert(*found);
    return found.has_value();
  });
  for (const char* type : {"MeshHTTPRoute", "MeshTCPRoute"})
    for (auto [name, route] : mesh.all(type))
      if (cp::policy::select(*cp::policy::decode_policy(route), proxy, mesh).any()) add_backends(mesh, *route, out);
  return {out.begin(), out.end()};
}

}  // namespace kumasim::scenario
