/// A builtin gateway's listeners as policies see them: what belongs to each, and what the policies say of it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/targets.hpp"

namespace envoy::config::route::v3 {
class RouteConfiguration;
}

namespace kumasim::cp::policy {

struct GatewayTarget {
  InboundKey key;
  std::string protocol;  ///< http or tcp
  Listener* listener = nullptr;
  std::vector<::envoy::config::route::v3::RouteConfiguration*> routes;
  std::vector<std::pair<std::string, Cluster*>> clusters;  ///< with their services, in the order of the names

  /// Rules for destinations; nullopt where no policy selects the listener.
  std::optional<std::vector<Rule>> to;
  ResourceRules to_resources;
};

/// Of other proxies none. The pointers live as long as the set's resources.
std::vector<GatewayTarget> gateway_targets(ResourceSet& resources, const MeshView& mesh,
                                           const MatchedPolicies& policies);

}  // namespace kumasim::cp::policy
