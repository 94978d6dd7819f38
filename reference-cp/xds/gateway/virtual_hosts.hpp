/// Route configurations of a builtin gateway.
#pragma once

#include "reference-cp/xds/gateway/clusters.hpp"
#include "reference-cp/xds/gateway/listener.hpp"
#include "reference-cp/xds/generate/generation.hpp"

namespace kumasim::cp::gateway {

/// Adds the route configurations of an HTTP listener, with a virtual host for each host.
/// REQUIRES: the destinations have their clusters.
void add_routes(generators::Generation& g, const Listener& listener, const Clusters& clusters);

}  // namespace kumasim::cp::gateway
