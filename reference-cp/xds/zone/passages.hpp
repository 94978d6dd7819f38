/// Ways through a zone proxy that leave a connection's TLS as it is: by server name to a cluster.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/resource_set.hpp"
#include "reference-cp/xds/zone/destinations.hpp"

namespace kumasim::cp::zone {

/// One server name of a service.
struct Passage {
  std::string server_name;
  Tags tags;  ///< by which the cluster's endpoints are chosen
};

/// A service with the cluster that has all of its endpoints.
struct PassedService {
  std::string cluster;
  bool legacy = false;
  std::vector<Passage> passages;
};

class Passages {
 public:
  Passages(const MeshView& mesh, Shares shares, bool unified_naming = false)
      : mesh_(mesh), shares_(std::move(shares)), unified_naming_(unified_naming) {}

  /// All shares of a kuma.io/service that these endpoints have.
  void add_legacy(const std::string& service, const std::vector<Endpoint>& endpoints);
  /// Every port of a Mesh*Service.
  void add_resource(const Resource& service);

  /// By the service's name in endpoint lists.
  const std::map<std::string, PassedService>& services() const { return services_; }

  /// Clusters, and endpoints from this list.
  void add_clusters(ResourceSet& resources, Origin origin,
                    const std::function<std::vector<Endpoint>(const std::string&)>& endpoints) const;
  void add_chains(envoy::Listener& listener) const;

 private:
  const MeshView& mesh_;
  Shares shares_;
  bool unified_naming_;
  std::map<std::string, PassedService> services_;
  std::set<std::string> taken_;  ///< server names
};

/// "mesh:service".
std::string mesh_cluster_name(const std::string& mesh, const std::string& service);

/// A chain for TLS connections with this server name.
envoy::FilterChain& add_named_chain(envoy::Listener& listener, const std::string& server_name);
/// To endpoints with these tags; the service's own is left out.
void tcp_proxy(envoy::FilterChain& chain, const std::string& stat_name, const std::string& cluster, const Tags& tags);

}  // namespace kumasim::cp::zone
