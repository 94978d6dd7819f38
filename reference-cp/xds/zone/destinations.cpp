#include "reference-cp/xds/zone/destinations.hpp"

#include <algorithm>
#include <optional>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/target_ref.hpp"
#include "reference-cp/xds/derive/virtual_outbounds.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::zone {
namespace {

constexpr char service_tag[] = "kuma.io/service";
constexpr char any[] = "*";

class Collector {
 public:
  void add(const Tags& tags) {
    auto service = tags.find(service_tag);
    shares_[service == tags.end() ? std::string() : service->second].push_back(tags);
  }
  void add(const std::string& service, Tags tags) { shares_[service].push_back(std::move(tags)); }

  /// `destination`, or `split`, of a TrafficRoute's conf or one of its HTTP routes.
  void add_split(const nlohmann::json& conf) {
    if (Tags tags = tags_of(at(conf, "destination")); !tags.empty()) add(tags);
    for (const nlohmann::json& share : at(conf, "split")) add(tags_of(at(share, "destination")));
  }

  void add_backends(const nlohmann::json& rules) {
    for (const nlohmann::json& rule : rules)
      for (const nlohmann::json& backend : at(rule, "backends")) add(tags_of(at(backend, "destination")));
  }

  /// Without routes of the old kind traffic flows to every service.
  void add_everything() {
    Tags all = {{service_tag, any}};
    std::vector<Tags>& list = shares_[any];
    if (std::ranges::find(list, all) == list.end()) list.push_back(all);
  }

  Shares take() { return std::move(shares_); }

 private:
  Shares shares_;
};

/// Tags that a targetRef to tags means; nullopt for one to a resource.
std::optional<Tags> tags_of_ref(const nlohmann::json& json) {
  policy::TargetRef ref = policy::TargetRef::from_json(json);
  Tags tags = ref.tags;
  switch (ref.kind) {
    case policy::RefKind::mesh: return Tags{{service_tag, any}};
    case policy::RefKind::mesh_subset: tags[service_tag] = any; return tags;
    case policy::RefKind::mesh_service: return Tags{{service_tag, ref.name}};
    case policy::RefKind::mesh_service_subset:
    case policy::RefKind::mesh_gateway: tags[service_tag] = ref.name; return tags;
    default: return std::nullopt;
  }
}

void add_routes(const MeshView& mesh, const char* kind, Collector& out) {
  for (const auto& [name, route] : mesh.all(kind))
    for (const nlohmann::json& to : at(route->spec, "to")) {
      std::optional<Tags> target = tags_of_ref(at(to, "targetRef"));
      if (!target) continue;
      for (const nlohmann::json& rule : at(to, "rules")) {
        const nlohmann::json& refs = at(rule, "default", "backendRefs");
        if (refs.is_null()) out.add(*target);
        for (const nlohmann::json& ref : refs)
          if (std::optional<Tags> tags = tags_of_ref(ref)) out.add(*tags);
      }
    }
}

/// Listeners of gateways that other meshes can reach.
void add_gateways(const MeshView& mesh, Collector& out) {
  for (const auto& [name, gateway] : mesh.all("MeshGateway"))
    for (const nlohmann::json& selector : at(gateway->spec, "selectors"))
      for (const nlohmann::json& listener : at(gateway->spec, "conf", "listeners")) {
        if (!flag_at(listener, "crossMesh")) continue;
        Tags match = tags_of(at(selector, "match"));
        Tags tags = tags_of(at(gateway->spec, "tags"));
        for (const auto& [key, value] : match) tags[key] = value;
        for (const auto& [key, value] : tags_of(at(listener, "tags"))) tags[key] = value;
        out.add(match[service_tag], tags);
      }
}

void add_virtual_outbounds(const MeshView& mesh, const std::vector<nlohmann::json>& available, Collector& out) {
  for (const nlohmann::json& service : available) {
    Tags tags = tags_of(at(service, "tags"));
    for (const ResourcePtr& outbound : derive::matching_virtual_outbounds(mesh, tags)) {
      Tags share;
      for (const nlohmann::json& parameter : at(outbound->spec, "conf", "parameters"))
        share[text_at(parameter, "tagKey")] = tags[text_at(parameter, "tagKey")];
      out.add(tags[service_tag], share);
    }
  }
}

}  // namespace

Shares shares(const MeshView& mesh, const std::vector<nlohmann::json>& available) {
  Collector out;
  for (const auto& [name, route] : mesh.all("TrafficRoute")) {
    const nlohmann::json& conf = at(route->spec, "conf");
    out.add_split(conf);
    for (const nlohmann::json& http : at(conf, "http")) out.add_split(http);
  }
  if (mesh.all("TrafficRoute").empty()) out.add_everything();
  add_routes(mesh, "MeshHTTPRoute", out);
  add_routes(mesh, "MeshTCPRoute", out);
  for (const auto& [name, route] : mesh.all("MeshGatewayRoute")) {
    out.add_backends(at(route->spec, "conf", "http", "rules"));
    out.add_backends(at(route->spec, "conf", "tcp", "rules"));
  }
  add_gateways(mesh, out);
  add_virtual_outbounds(mesh, available, out);
  return out.take();
}

std::vector<Tags> shares_of(const Shares& all, const std::string& service) {
  std::vector<Tags> result;
  if (auto own = all.find(service); own != all.end()) result = own->second;
  if (auto every = all.find(any); every != all.end())
    result.insert(result.end(), every->second.begin(), every->second.end());
  return result;
}

}  // namespace kumasim::cp::zone
