/// Clusters of a builtin gateway.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "reference-cp/xds/endpoint.hpp"
#include "reference-cp/xds/envoy/destination.hpp"
#include "reference-cp/xds/gateway/listener.hpp"
#include "reference-cp/xds/generate/generation.hpp"

namespace kumasim::cp::gateway {

class Clusters {
 public:
  explicit Clusters(generators::Generation& g);

  /// Adds cluster and endpoints of every destination of the listener's routes, and writes their names into these.
  void add(Listener& listener);
  /// Reached by its own addresses, not through the mesh.
  bool is_direct(const Destination& destination) const;

 private:
  void add(Destination& destination, const Tags& host);
  /// Mutual TLS towards a port of a Mesh*Service.
  void real_tls(envoy::Cluster& cluster, const envoy::Destination& target, std::uint32_t port) const;
  /// All ExternalServices with these tags.
  std::vector<Endpoint> external_endpoints(const Tags& tags) const;

  generators::Generation& g_;
  bool egress_;
  std::set<std::string> outside_;  ///< kuma.io/service of ExternalServices that the gateway may call
};

/// A cluster for each combination of a destination and of the tags of a host, as policies can differ by both.
std::string cluster_name(const Tags& destination, const Tags& host);

}  // namespace kumasim::cp::gateway
