/// Policies with sources and destinations (TrafficRoute, TrafficPermission): the one that counts for a connection.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

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

/// The policy with the most specific destination selector that matches an inbound's tags; nullptr where there is none.
ResourcePtr inbound_policy(std::string_view type, const Tags& inbound, const MeshView& mesh);

}  // namespace policy::legacy
}  // namespace kumasim::cp
