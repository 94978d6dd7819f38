/// The Envoy resources of a proxy by what policies look for: the listener of an inbound, the clusters of a service.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/policy/matching.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace envoy::config::cluster::v3 {
class Cluster;
}
namespace envoy::config::listener::v3 {
class Listener;
}

namespace kumasim::cp {
struct Inbound;

namespace policy {

using Listener = ::envoy::config::listener::v3::Listener;
using Cluster = ::envoy::config::cluster::v3::Cluster;

/// Listeners that one generator made, by the address that they listen on.
std::map<InboundKey, Listener*> listeners(ResourceSet& resources, cp::Origin origin);

/// The cluster of the application behind an inbound, nullptr where there is none.
Cluster* inbound_cluster(ResourceSet& resources, const Inbound& inbound);

/// Outbound clusters by their legacy service; a service split by tags has several ("name-<16 hex digits>").
std::map<std::string, std::vector<Cluster*>> outbound_clusters(ResourceSet& resources);

/// Listeners and clusters that stand for a Mesh*Service.
std::vector<EnvoyResource*> service_resources(ResourceSet& resources);

}  // namespace policy
}  // namespace kumasim::cp
