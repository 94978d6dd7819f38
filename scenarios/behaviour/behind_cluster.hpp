/// What is behind a cluster of a client's proxy: endpoints, their parts of the traffic, and a name for them.
#pragma once

#include <string>
#include <vector>

#include "scenarios/behaviour/flow.hpp"
#include "sim/envoy/config/state.hpp"

namespace kumasim::scenario {

/// In use or warming; nullptr where the proxy has none of this name.
const sim::proxy::ClusterState* find_cluster(const sim::proxy::ConfigState& config, const std::string& name);

class BehindCluster {
 public:
  /// `called` is the destination as the client knows it; "": none, as at a gateway.
  BehindCluster(const Deployment& deployment, std::string mesh, std::string called)
      : deployment_(deployment), mesh_(std::move(mesh)), called_(std::move(called)) {}

  /// Of the first priority that has any, as the balancer shares them out; their parts are 1 together. Whoever is no
  /// inbound of the mesh has the endpoint's own labels as tags. None for a null cluster.
  std::vector<EndpointShare> endpoints(const sim::proxy::ClusterState* cluster, const sim::proxy::Labels& wanted) const;

  /// The service's name where it is another one than was called, and the tags that the endpoints have to themselves.
  std::string label(const sim::proxy::ClusterState* cluster, const std::vector<EndpointShare>& endpoints,
                    const std::string& name) const;

  /// The labels that an endpoint must have: none where nobody has them and the cluster then takes anybody.
  static sim::proxy::Labels subset(const sim::proxy::ClusterState& cluster, const sim::proxy::Labels& wanted);

 private:
  cp::Tags tags_of(const sim::proxy::Endpoint& endpoint) const;

  const Deployment& deployment_;
  std::string mesh_, called_;
};

}  // namespace kumasim::scenario
