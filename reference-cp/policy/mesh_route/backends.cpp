/// Clusters for outbound traffic.
#include "reference-cp/policy/mesh_route/backends.hpp"

#include <envoy/config/cluster/v3/cluster.pb.h>

#include "reference-cp/policy/resolve.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/external.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/protocol.hpp"
#include "reference-cp/xds/resource_set.hpp"
#include "reference-cp/xds/type_url.hpp"

namespace kumasim::cp::policy {
namespace {

bool is_routable(std::string_view protocol, bool http_only) {
  return is_http_based(protocol) || (!http_only && (protocol == "tcp" || protocol == "kafka" || protocol == "unknown"));
}

std::optional<Port> port_of(const MeshView& mesh, const Kri& id) {
  const Resource* resource = mesh.destination(id);
  return resource ? find_port(*resource, id.section) : std::nullopt;
}

}  // namespace

std::vector<envoy::Split> Backends::splits(std::span<const ResolvedRef> refs, bool http_only) {
  std::vector<envoy::Split> list;
  for (const ResolvedRef& ref : refs)
    if (std::string name = cluster(ref, http_only); !name.empty()) {
      bool outside = ref.is_real() ? ref.resource.type == "MeshExternalService" : is_outside(ref.backend.ref.name);
      list.push_back({name, ref.weight, outside});
    }
  return list;
}

std::string Backends::cluster(const ResolvedRef& ref, bool http_only) {
  if (ref.weight == 0) return {};
  if (ref.is_real()) {
    std::optional<Port> port = port_of(mesh_, ref.resource);
    return port && is_routable(port->protocol, http_only) ? destinations_.resource(mesh_, ref.resource) : std::string();
  }
  if (!is_routable(mesh_.protocol(ref.backend.ref.name), http_only)) return {};
  Tags tags = ref.backend.ref.tags;
  tags["kuma.io/service"] = ref.backend.ref.name;
  return legacy_clusters_[ref.backend.key()] = destinations_.legacy(tags);
}

const std::string* Backends::cluster_of(const BackendRef& backend) const {
  auto found = legacy_clusters_.find(backend.key());
  return found == legacy_clusters_.end() ? nullptr : &found->second;
}

bool Backends::is_outside(const std::string& service) const {
  return outside_.contains(service) || envoy::through_egress(mesh_, service);
}

void Backends::add(ResourceSet& resources, const std::string& name, const envoy::Destination& destination) const {
  envoy::ClusterPtr cluster = envoy::make_cluster(name);
  std::optional<Port> port = port_of(mesh_, destination.resource);
  bool declared = port && destination.resource.type == "MeshService";
  std::string protocol = declared ? port->protocol : mesh_.protocol(destination.service);
  // The outside is spoken to as it is; proxies of the mesh speak HTTP/2 with each other.
  bool outside = is_outside(destination.service);
  if (outside && protocol == "http") envoy::http1(*cluster);
  if (!outside || protocol == "http2" || protocol == "grpc") envoy::http2(*cluster);
  auto own = outside_.find(destination.service);
  bool fixed = own != outside_.end();
  if (fixed) {
    envoy::external_endpoints(*cluster, own->second, ipv6_);
  } else {
    envoy::eds(*cluster);
    envoy::mesh_tls(mesh_, *cluster, destination, unified_naming_, workload_);
  }
  resources.add(name, std::move(cluster), cp::Origin::outbound, destination.resource, protocol);
  if (!fixed)
    envoy::add_endpoints(resources, mesh_, name, destination);
  else  // a TrafficRoute, which asks for a TrafficPermission, may have had a cluster of this name with them
    resources.remove(type_url::endpoint, name);
}

void Backends::add_to(ResourceSet& resources) const {
  for (const auto& [name, destination] : destinations_.all()) add(resources, name, destination);
}

}  // namespace kumasim::cp::policy
