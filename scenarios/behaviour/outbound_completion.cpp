#include "scenarios/behaviour/outbound_completion.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "reference-cp/xds/json_read.hpp"
#include "scenarios/behaviour/multi_zone_service.hpp"

namespace kumasim::scenario {
namespace {

using cp::at;
using cp::number_at;
using cp::text_at;
using nlohmann::json;

constexpr std::uint32_t first_port = 30'000;

std::string mesh_of(const json& resource) {
  std::string mesh = text_at(resource, "mesh");
  return mesh.empty() ? "default" : mesh;
}

json backend_ref(const std::string& kind, const std::string& name, std::uint32_t port) {
  return {{"backendRef", {{"kind", kind}, {"name", name}, {"port", port}}}};
}

json multi_zone_ref(const std::string& name, std::uint32_t port) {
  json labels = {{"kuma.io/display-name", name}};
  return {{"backendRef", {{"kind", "MeshMultiZoneService"}, {"labels", std::move(labels)}, {"port", port}}}};
}

bool asked(const DeploymentOptions& options, const std::string& from, const std::string& to) {
  for (const char* any : {"", "*"})
    for (const char* other : {"", "*"})
      if (options.pairs.contains({*any ? any : from, *other ? other : to})) return true;
  return false;
}

std::string service_of(const json& dataplane) {
  for (const json& inbound : at(dataplane, "networking", "inbound"))
    if (std::string service = text_at(inbound, "tags", "kuma.io/service"); !service.empty()) return service;
  return text_at(dataplane, "networking", "gateway", "tags", "kuma.io/service");
}

}  // namespace

Callable::Callable(const std::string& mesh, const std::vector<json>& resources) : mesh_(mesh) {
  std::string mode;
  std::map<std::string, std::uint32_t> services;
  std::map<std::string, std::vector<json>> named;  // MeshServices that stand in the set
  std::map<std::string, json> outside;
  std::vector<Target> multi_zone;
  for (const json& each : resources) {
    std::string type = text_at(each, "type"), name = text_at(each, "name");
    if (type == "Mesh" && name == mesh) mode = text_at(each, "meshServices", "mode");
    if (type == "Mesh" || mesh_of(each) != mesh) continue;
    if (type == "Dataplane")
      for (const json& inbound : at(each, "networking", "inbound"))
        if (std::string service = text_at(inbound, "tags", "kuma.io/service"); !service.empty())
          services.try_emplace(service, number_at(inbound, "port"));
    if (type == "ExternalService")
      if (std::string service = text_at(each, "tags", "kuma.io/service"); !service.empty())
        services.try_emplace(service, 0);
    if (type == "MeshService")
      for (const json& port : at(each, "spec", "ports"))
        named[name].push_back(backend_ref("MeshService", name, number_at(port, "port")));
    if (type == "MeshMultiZoneService")
      for (const json& port : at(each, "spec", "ports"))
        multi_zone.push_back({shown_name(each), multi_zone_ref(shown_name(each), number_at(port, "port")), true});
    if (type == "MeshExternalService")
      outside[name] = backend_ref("MeshExternalService", name, number_at(each, "spec", "match", "port"));
  }
  const bool exclusive = mode == "Exclusive";
  for (const auto& [service, port] : services) {
    if (exclusive && named.contains(service)) continue;
    json tags = {{"tags", {{"kuma.io/service", service}}}};
    targets_.push_back({service, exclusive ? backend_ref("MeshService", service, port) : std::move(tags)});
  }
  for (auto& [name, references] : named)
    if (exclusive || !services.contains(name))
      for (json& reference : references) targets_.push_back({name, std::move(reference)});
  for (auto& [name, reference] : outside) targets_.push_back({name, std::move(reference)});
  std::ranges::move(multi_zone, std::back_inserter(targets_));
}

void Callable::complete(json& dataplane, const DeploymentOptions& options,
                        const std::set<std::pair<std::string, std::string>>& callers) const {
  json& networking = dataplane["networking"];
  if (!at(networking, "transparentProxying").empty() || text_at(networking, "gateway", "type") == "BUILTIN") return;
  std::string from = service_of(dataplane);
  std::set<std::string> called, called_multi_zone;
  std::set<std::uint32_t> taken;
  for (const json& outbound : at(networking, "outbound")) {
    std::string service = text_at(outbound, "tags", "kuma.io/service");
    if (service.empty()) service = text_at(outbound, "service");
    if (service.empty()) service = text_at(outbound, "backendRef", "name");
    if (service.empty()) service = text_at(outbound, "backendRef", "labels", "kuma.io/display-name");
    called.insert(service);
    if (text_at(outbound, "backendRef", "kind") == "MeshMultiZoneService") called_multi_zone.insert(service);
    taken.insert(number_at(outbound, "port"));
  }
  const bool all = options.all_pairs || (called.empty() && !callers.contains({mesh_, text_at(dataplane, "name")}));
  std::uint32_t port = first_port;
  for (const Target& target : targets_) {
    // It may have the name of a service, which is another destination.
    const std::set<std::string>& known = all && target.multi_zone ? called_multi_zone : called;
    if (target.name == from || known.contains(target.name)) continue;
    if (!all && !asked(options, from, target.name)) continue;
    while (taken.contains(port)) ++port;
    json outbound = target.reference;
    outbound["port"] = port++;
    networking["outbound"].push_back(std::move(outbound));
  }
}

}  // namespace kumasim::scenario
