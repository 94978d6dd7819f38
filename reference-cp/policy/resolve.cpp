/// targetRefs and ports of Mesh*Services.
#include "reference-cp/policy/resolve.hpp"

#include <charconv>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/policy/policy.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::policy {
namespace {

/// A Kubernetes service as old policies name it: name_namespace_svc[_port].
struct KubernetesService {
  std::string name, ns;
  std::uint32_t port = 0;
};

std::optional<KubernetesService> parse_kubernetes_service(std::string_view text) {
  std::vector<std::string> parts(1);
  for (char c : text) c == '_' ? parts.emplace_back() : parts.back() += c;
  KubernetesService service;
  if (parts.size() == 4) {
    const std::string& port = parts[3];
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), service.port);
    if (error != std::errc() || end != port.data() + port.size()) return std::nullopt;
  } else if (parts.size() != 3) {
    return std::nullopt;
  }
  service.name = parts[0];
  service.ns = parts[1];
  return service;
}

bool is_destination(std::string_view type) {
  return type == "MeshService" || type == "MeshExternalService" || type == "MeshMultiZoneService";
}

/// What is asked for: resources by identity or by labels, and of these a port by number or by name.
struct Query {
  std::optional<Kri> id;
  Tags labels;
  std::uint32_t port = 0;
  std::string section;
};

Query query_of(const TargetRef& ref, const Resource& policy) {
  if (ref.kind == RefKind::mesh_service && ref.section.empty())
    if (auto service = parse_kubernetes_service(ref.name))
      return {std::nullopt,
              {{"k8s.kuma.io/namespace", service->ns}, {"kuma.io/display-name", service->name}},
              service->port,
              {}};
  if (ref.labels && !ref.labels->empty()) return {std::nullopt, *ref.labels, 0, ref.section};
  return {kri_of(ref, Kri::of(policy)), {}, 0, ref.section};
}

}  // namespace

Kri ResourceSection::id() const { return Kri::of(*resource, section); }

Kri kri_of(const TargetRef& ref, const Kri& from) {
  if (from.empty()) return {};
  Kri id;
  id.type = to_string(ref.kind);
  if (ref.kind == RefKind::mesh) {
    id.name = from.mesh;
    return id;
  }
  id.mesh = from.mesh;
  id.zone = from.zone;
  id.ns = ref.ns.empty() ? from.ns : ref.ns;
  id.name = ref.name;
  return id;
}

ResourcePtr find_resource(const MeshView& mesh, const Kri& id) {
  Kri wanted = id.without_section();
  for (auto [name, resource] : mesh.all(id.type))
    if (Kri::of(*resource) == wanted) return resource;
  return nullptr;
}

std::vector<ResourceSection> resolve(const TargetRef& ref, const Resource& policy, const MeshView& mesh) {
  if (!is_real_resource(ref.kind)) return {};
  Query query = query_of(ref, policy);
  std::vector<ResourcePtr> found;
  if (query.id) {
    if (ResourcePtr resource = find_resource(mesh, *query.id)) found.push_back(resource);
  } else {
    for (auto [name, resource] : mesh.all(to_string(ref.kind)))
      if (has_labels(*resource, query.labels)) found.push_back(resource);
  }

  std::vector<ResourceSection> sections;
  for (ResourcePtr& resource : found) {
    if ((query.port == 0 && query.section.empty()) || !is_destination(resource->kind->type())) {
      sections.push_back({std::move(resource), {}});
      continue;
    }
    for (const Port& port : ports_of(*resource)) {
      if (query.port != 0 ? port.value != query.port : port.name != query.section) continue;
      sections.push_back({std::move(resource), port.name});
      break;
    }
  }
  return sections;
}

std::vector<Port> ports_of(const Resource& destination) {
  std::vector<Port> ports;
  auto add = [&](const nlohmann::json& json, const char* protocol) {
    if (!json.is_object()) return;
    std::uint32_t value = json.value("port", 0u);
    ports.push_back({json.value("name", std::to_string(value)), value, json.value(protocol, std::string("tcp"))});
  };
  const nlohmann::json& spec = destination.spec;
  if (auto match = spec.find("match"); match != spec.end()) add(*match, "protocol");
  if (auto list = spec.find("ports"); list != spec.end())
    for (const auto& port : *list) add(port, "appProtocol");
  return ports;
}

std::optional<Port> find_port(const Resource& destination, std::string_view section) {
  for (Port& port : ports_of(destination)) {
    if (destination.kind->type() == "MeshExternalService" || port.name == section ||
        std::to_string(port.value) == section)
      return std::move(port);
  }
  return std::nullopt;
}

}  // namespace kumasim::cp::policy
