/// Clusters for outbound traffic.
#include "reference-cp/policy/mesh_route/backends.hpp"

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/endpoint/v3/endpoint.pb.h>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/policy/resolve.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/tls.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/protocol.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp::policy {
namespace {

bool is_routable(std::string_view protocol, bool http_only) {
  return is_http_based(protocol) ||
         (!http_only && (protocol == "tcp" || protocol == "kafka" || protocol == "unknown"));
}

/// Which identities the servers of a resource may show, by what server name they are asked for, and whether they can TLS.
struct Security {
  std::vector<std::string> services;
  std::string sni;
  bool ready = true;
};

Security security_of(const Resource& service, const Port& port, const MeshView& mesh) {
  // A service of another zone is reached through that zone's ingress, which only takes TLS.
  return {mesh_service::service_tag_identities(service),
          envoy::sni_of_resource(mesh_service::sni_name(service, mesh.settings().system_namespace), mesh.name(),
                                 service.kind->type(), port.value),
          !mesh_service::is_local(service) || mesh_service::tls_ready(service)};
}

Security security_of(const std::string& service, const Tags& tags, const MeshView& mesh) {
  return {{service}, envoy::sni(tags, mesh.name()), mesh.service(service).tls_ready};
}

}  // namespace

std::vector<envoy::Split> Backends::splits(std::span<const ResolvedRef> refs, bool http_only) {
  std::vector<envoy::Split> list;
  for (const ResolvedRef& ref : refs)
    if (std::optional<envoy::Split> one = split(ref, http_only)) list.push_back(std::move(*one));
  return list;
}

std::optional<envoy::Split> Backends::split(const ResolvedRef& ref, bool http_only) {
  if (ref.weight == 0) return std::nullopt;
  if (ref.is_real()) return real_split(ref, http_only);
  const std::string& service = ref.backend.ref.name;
  if (!is_routable(mesh_.protocol(service), http_only)) return std::nullopt;
  auto [known, is_new] = cluster_by_key_.try_emplace(ref.backend.key());
  if (is_new) {
    Tags tags = ref.backend.ref.tags;
    tags["kuma.io/service"] = service;
    known->second = envoy::split_cluster_name(tags);
    services_[service].backends.push_back({known->second, std::move(tags)});
  }
  return envoy::Split{known->second, ref.weight};
}

std::optional<envoy::Split> Backends::real_split(const ResolvedRef& ref, bool http_only) {
  const Resource* resource = mesh_.destination(ref.resource);
  std::optional<Port> port = resource ? find_port(*resource, ref.resource.section) : std::nullopt;
  if (!port || !is_routable(port->protocol, http_only)) return std::nullopt;
  std::string name = mesh_service::destination_name(ref.resource, port->value);
  if (cluster_by_key_.try_emplace(ref.resource.to_string(), name).second) {
    Service& service = services_[name];
    if (service.resource.empty()) service.resource = ref.resource;
    service.backends.push_back({name, {{"kuma.io/service", name}}});
  }
  return envoy::Split{name, ref.weight};
}

const std::string* Backends::cluster_of(const BackendRef& backend) const {
  auto found = cluster_by_key_.find(backend.key());
  return found == cluster_by_key_.end() ? nullptr : &found->second;
}

void Backends::add_to(ResourceSet& resources) const {
  for (const auto& [name, service] : services_)
    for (const Backend& backend : service.backends) add_cluster(resources, name, service, backend);
}

void Backends::add_cluster(ResourceSet& resources, const std::string& name, const Service& service,
                           const Backend& backend) const {
  envoy::ClusterPtr cluster = envoy::make_cluster(backend.cluster);
  envoy::eds(*cluster);
  envoy::http2(*cluster);
  std::string protocol = mesh_.protocol(name);
  Security security;
  if (service.resource.empty()) {
    security = security_of(name, backend.tags, mesh_);
  } else if (const Resource* resource = mesh_.destination(service.resource)) {
    if (std::optional<Port> port = find_port(*resource, service.resource.section)) {
      protocol = port->protocol;
      security = security_of(*resource, *port, mesh_);
    }
  }
  // A permissive mesh may still have servers that do not take TLS.
  if (mesh_.mtls_enabled() && (security.ready || !mesh_.mtls_permissive()))
    envoy::upstream_mesh_tls(*cluster->mutable_transport_socket(), mesh_.name(), security.services, security.sni);
  resources.add(backend.cluster, std::move(cluster), cp::Origin::outbound, service.resource, protocol);

  Tags selector = backend.tags;
  selector.erase("kuma.io/service");
  std::vector<Endpoint> endpoints;
  for (const Endpoint& endpoint : mesh_.endpoints(name))
    if (endpoint.matches(selector)) endpoints.push_back(endpoint);
  resources.add(backend.cluster, envoy::load_assignment(backend.cluster, endpoints), cp::Origin::outbound,
                service.resource);
}

}  // namespace kumasim::cp::policy
