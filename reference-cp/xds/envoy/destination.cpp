#include "reference-cp/xds/envoy/destination.hpp"

#include <algorithm>
#include <iterator>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/endpoint/v3/endpoint.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/tls.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/remote_endpoints.hpp"

namespace kumasim::cp::envoy {
namespace {

/// The identity of every zone egress.
constexpr char zone_egress[] = "zone-egress";

/// A service that was synchronised from another zone is only reached through mutual TLS, and so is what is reached
/// through the zone's egress.
bool takes_tls(const MeshView& mesh, const Destination& destination) {
  if (!mesh.mtls_permissive() || through_egress(mesh, destination.service)) return true;
  if (destination.resource.empty()) return mesh.service(destination.service).tls_ready;
  if (destination.resource.type != "MeshService") return true;
  const Resource* service = mesh.destination(destination.resource);
  return !service || !mesh_service::is_local(*service) || mesh_service::tls_ready(*service);
}

std::vector<std::string> identities(const MeshView& mesh, const Destination& destination, const Resource& service) {
  if (through_egress(mesh, destination.service)) return {zone_egress};
  if (destination.resource.type == "MeshMultiZoneService") return mesh_service::combined_identities(mesh, service);
  return mesh_service::service_tag_identities(service);
}

std::string server_name(const MeshView& mesh, const Kri& kri, const Resource& service, std::uint32_t port) {
  std::string name = mesh_service::sni_name(service, mesh.settings().system_namespace);
  return sni_of_resource(name, mesh.name(), kri.type, port);
}

void resource_tls(const MeshView& mesh, Cluster& cluster, const Destination& destination, bool unified_naming) {
  const Kri& kri = destination.resource;
  const Resource* service = mesh.destination(kri);
  auto port = service ? mesh_service::find_port(*service, kri.section) : std::nullopt;
  if (!port) return;
  upstream_mesh_tls(*cluster.mutable_transport_socket(), {mesh.name(), unified_naming},
                    identities(mesh, destination, *service), server_name(mesh, kri, *service, port->port));
}

void cross_mesh_tls(const MeshView& mesh, Cluster& cluster, const Destination& destination, bool unified_naming) {
  if (!mesh.mtls_enabled() || !mesh.mtls_enabled(destination.mesh)) return;
  if (mesh.mtls_permissive(destination.mesh) && !mesh.service(destination.service).tls_ready) return;
  upstream_mesh_tls(*cluster.mutable_transport_socket(), {destination.mesh, unified_naming, mesh.name()},
                    {&destination.service, 1}, sni(destination.tags, destination.mesh));
}

}  // namespace

bool through_egress(const MeshView& mesh, const std::string& service) {
  const std::vector<Endpoint>& endpoints = mesh.endpoints(service);
  return !endpoints.empty() && endpoints.front().external.has_value();
}

std::string Destinations::legacy(const Tags& tags) {
  std::string name = split_cluster_name(tags);
  auto service = tags.find("kuma.io/service");
  Destination destination{service == tags.end() ? std::string() : service->second, tags, {}};
  if (auto mesh = tags.find("kuma.io/mesh"); mesh != tags.end()) {
    destination.mesh = mesh->second;
    destination.tags = without(tags, "kuma.io/mesh");
    name += "_" + destination.mesh;
  }
  all_.try_emplace(name, std::move(destination));
  return name;
}

std::string Destinations::resource(const MeshView& mesh, const Kri& kri) {
  const Resource* service = mesh.destination(kri);
  auto port = service ? mesh_service::find_port(*service, kri.section) : std::nullopt;
  if (!port) return {};
  std::string name = mesh_service::destination_name(*service, *port);
  std::string cluster = unified_naming_ ? kri.to_string() : name;
  all_.try_emplace(cluster, Destination{name, {{"kuma.io/service", name}}, kri});
  return cluster;
}

void workload_tls(const MeshView& mesh, Cluster& cluster, const Destination& destination,
                  const WorkloadIdentity& workload) {
  const Kri& kri = destination.resource;
  const Resource* service = mesh.destination(kri);
  auto port = service ? mesh_service::find_port(*service, kri.section) : std::nullopt;
  if (!port) return;
  std::vector<std::string> uris;
  if (kri.type == "MeshService") uris = mesh_service::identity_uris(mesh, *service);
  if (kri.type == "MeshMultiZoneService") uris = mesh_service::combined_identity_uris(mesh, *service);
  upstream_workload_tls(*cluster.mutable_transport_socket(), workload, uris,
                        server_name(mesh, kri, *service, port->port));
}

void mesh_tls(const MeshView& mesh, Cluster& cluster, const Destination& destination, bool unified_naming,
              const WorkloadIdentity* workload) {
  if (!destination.mesh.empty() && !through_egress(mesh, destination.service))
    return cross_mesh_tls(mesh, cluster, destination, unified_naming);
  if (workload && !destination.resource.empty() && !through_egress(mesh, destination.service))
    return workload_tls(mesh, cluster, destination, *workload);
  if (!mesh.mtls_enabled() || !takes_tls(mesh, destination)) return;
  if (!destination.resource.empty()) return resource_tls(mesh, cluster, destination, unified_naming);
  std::string service = through_egress(mesh, destination.service) ? zone_egress : destination.service;
  upstream_mesh_tls(*cluster.mutable_transport_socket(), {mesh.name(), unified_naming}, {&service, 1},
                           sni(destination.tags, mesh.name()));
}

void add_endpoints(ResourceSet& resources, const MeshView& mesh, const std::string& cluster,
                   const Destination& destination) {
  Tags wanted = without(destination.tags, "kuma.io/service");
  std::vector<Endpoint> elsewhere;
  bool own = destination.mesh.empty();
  if (!own) elsewhere = cross_mesh_endpoints(mesh, destination.mesh, destination.service);
  const std::vector<Endpoint>& all = own ? mesh.endpoints(destination.service) : elsewhere;
  if (own && std::ranges::all_of(all, [&](const Endpoint& endpoint) { return endpoint.matches(wanted); })) {
    resources.add_finished(type_url::endpoint, all_endpoints(mesh, cluster, destination.service));
    return;
  }
  std::vector<Endpoint> chosen;
  std::ranges::copy_if(all, std::back_inserter(chosen), [&](const Endpoint& e) { return e.matches(wanted); });
  resources.add(cluster, load_assignment(cluster, chosen), Origin::outbound, destination.resource);
}

XdsResourcePtr all_endpoints(const MeshView& mesh, const std::string& cluster, const std::string& service) {
  return mesh.endpoints_resource(service, cluster, [&](const std::vector<Endpoint>& endpoints) {
    return serialise(cluster, type_url::endpoint, *load_assignment(cluster, endpoints));
  });
}

}  // namespace kumasim::cp::envoy
