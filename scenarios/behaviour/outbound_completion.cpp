#include "scenarios/behaviour/outbound_completion.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "reference-cp/xds/json_read.hpp"

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
}

void Callable::complete(json& dataplane, const DeploymentOptions& options,
                        const std::set<std::pair<std::string, std::string>>& callers) const {
  json& networking = dataplane["networking"];
  if (!at(networking, "transparentProxying").empty() || text_at(networking, "gateway", "type") == "BUILTIN") return;
  std::string from = service_of(dataplane);
  std::set<std::string> called;
  std::set<std::uint32_t> taken;
  for (const json& outbound : at(networking, "outbound")) {
    std::string service = text_at(outbound, "tags", "kuma.io/service");
    if (service.empty()) service = text_at(outbound, "service");
    if (service.empty()) service = text_at(outbound, "backendRef", "name");
    called.insert(service.empty() ? text_at(outbound, "backendRef", "labels", "kuma.io/display-name") : service);
    taken.insert(number_at(outbound, "port"));
  }
  const bool all = options.all_pairs || (called.empty() && !callers.contains({mesh_, from}));
  std::uint32_t port = first_port;
  for (const Target& target : targets_) {
    if (target.name == from || called.contains(target.name)) continue;
    if (!all && !asked(options, from, target.name)) continue;
    while (taken.contains(port)) ++port;
    json outbound = target.reference;
    outbound["port"] = port++;
    networking["outbound"].push_back(std::move(outbound));
  }
}

}  // namespace kumasim::scenario
