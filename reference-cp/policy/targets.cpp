/// Search in a proxy's resource set.
#include "reference-cp/policy/targets.hpp"

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>

#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy {

std::map<InboundKey, Listener*> listeners(ResourceSet& resources, cp::Origin origin) {
  std::map<InboundKey, Listener*> found;
  for (auto& [name, resource] : resources.of(type_url::listener)) {
    if (resource.origin != origin) continue;
    auto& listener = ResourceSet::as<Listener>(resource);
    const auto& address = listener.address().socket_address();
    found[{address.address(), address.port_value()}] = &listener;
  }
  return found;
}

Cluster* inbound_cluster(ResourceSet& resources, const Inbound& inbound) {
  std::uint32_t port = inbound.service_port ? inbound.service_port : inbound.port;
  EnvoyResource* found = resources.find(type_url::cluster, envoy::local_cluster_name(port));
  if (!found) found = resources.find(type_url::cluster, envoy::unified::inbound(port));
  return found && found->origin == cp::Origin::inbound ? &ResourceSet::as<Cluster>(*found) : nullptr;
}

std::map<std::string, std::vector<Cluster*>> outbound_clusters(ResourceSet& resources) {
  std::map<std::string, std::vector<Cluster*>> found;
  for (auto& [name, resource] : resources.of(type_url::cluster)) {
    if (resource.origin != cp::Origin::outbound) continue;
    auto& cluster = ResourceSet::as<Cluster>(resource);
    found[envoy::service_of_cluster(cluster.name())].push_back(&cluster);
  }
  return found;
}

std::vector<EnvoyResource*> service_resources(ResourceSet& resources) {
  std::vector<EnvoyResource*> found;
  for (std::string_view type : {type_url::cluster, type_url::listener}) {
    for (auto& [name, resource] : resources.of(type)) {
      const std::string& kind = resource.resource.type;
      if (kind == "MeshService" || kind == "MeshExternalService" || kind == "MeshMultiZoneService")
        found.push_back(&resource);
    }
  }
  return found;
}

}  // namespace kumasim::cp::policy
