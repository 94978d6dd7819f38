/// An outbound of a proxy as routes see it: what is behind it and how one speaks to it.
#pragma once

#include <string>
#include <vector>

#include "reference-cp/policy/mesh_route/backend_ref.hpp"
#include "reference-cp/policy/rules.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy {

struct Destination {
  const Outbound* outbound = nullptr;
  std::string protocol;
  std::string service;  ///< kuma.io/service, or Kuma's name for the port of a Mesh*Service

  /// The destination itself, for what no route says otherwise of.
  ResolvedRef itself() const;
};

/// In the order of the proxy's outbounds; those to resources or ports that do not exist are left out.
std::vector<Destination> destinations(const ProxyView& proxy, const MeshView& mesh);

/// What a kind of route says of a destination: of its resource, else of its service's name. All null for nothing.
struct RouteRule {
  const nlohmann::json* conf = nullptr;
  const std::vector<RuleOrigin>* origins = nullptr;
  const std::map<std::string, RuleOrigin>* origin_by_matches = nullptr;
};
RouteRule route_rule(const std::vector<Rule>& rules, const ResourceRules& resources, const Destination& destination);

}  // namespace kumasim::cp::policy
