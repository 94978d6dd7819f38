/// Clusters of services outside of the mesh.
#pragma once

#include <span>

#include "reference-cp/xds/envoy/cluster.hpp"

namespace kumasim::cp::envoy {

/// Fixed endpoints, and for each that takes TLS a context of its own, found by the endpoint's tags.
/// REQUIRES: every endpoint is external.
void external_endpoints(Cluster& cluster, std::span<const Endpoint> endpoints, bool ipv6);

}  // namespace kumasim::cp::envoy
