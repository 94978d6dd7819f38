/// Policies with sources and destinations (TrafficRoute, TrafficPermission, Timeout, ...): the ones that count for a
/// connection.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/endpoint.hpp"

namespace kumasim::cp {
class MeshView;
struct ProxyView;

namespace policy::legacy {

/// For each legacy outbound service of the proxy: the policy whose best source and destination selectors are together
/// the most specific; among equals the youngest, then the first name (Kuma docs, "How Kuma chooses the right policy to
/// apply").
std::map<std::string, ResourcePtr> outbound_policies(std::string_view type, const ProxyView& proxy,
                                                     const MeshView& mesh);

/// The same for any services, by kuma.io/service.
std::map<std::string, ResourcePtr> policies_to(std::string_view type, const std::set<std::string>& services,
                                               const ProxyView& proxy, const MeshView& mesh);

/// The policy with the most specific destination selector that matches an inbound's tags; nullptr where there is none.
ResourcePtr inbound_policy(std::string_view type, const Tags& inbound, const MeshView& mesh);

/// All policies with a destination selector that matches an inbound's tags, those with the most specific first source
/// first; of equals the youngest, then the first name. One with several such selectors is there as often, as in Kuma.
std::vector<ResourcePtr> inbound_policies(std::string_view type, const Tags& inbound, const MeshView& mesh);

/// The policy with the most specific of `selectors` that matches the proxy (TrafficTrace); one without selectors
/// matches every proxy.
ResourcePtr proxy_policy(std::string_view type, const ProxyView& proxy, const MeshView& mesh);

}  // namespace policy::legacy
}  // namespace kumasim::cp
