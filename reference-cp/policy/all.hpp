/// Every policy, applied to one proxy's resources in one fixed order.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/policy/matching.hpp"

namespace kumasim::cp {

class ResourceSet;
class MeshView;
struct ProxyView;
struct GenerateOptions;

namespace policy {

/// Kinds of policies that change what a proxy gets, in the order in which they are applied.
std::span<const std::string_view> applied_kinds();

/// Pure: what is added to or changed in `resources` is a function of the arguments.
/// Fails where the proxy has to be left with what it has; `resources` are of no use then.
/// REQUIRES: the generators of inbounds and of TrafficRoute outbounds have run.
Result<> apply_all(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh,
                   const GenerateOptions& options);

/// The same in two parts, for a proxy whose outbounds are made apart from the rest (decision 0012).

using SelectedByKind = std::map<std::string, SelectedPolicies, std::less<>>;
using OutgoingPolicies = std::map<std::string, std::vector<PolicyPtr>, std::less<>>;

/// Of every kind those that select something of the proxy.
SelectedByKind select_all(const ProxyView& proxy, const MeshView& mesh, const MatchOptions& options);
/// Of these the ones that apply_to_outbounds takes: not MeshAccessLog, MeshTLS and MeshProxyPatch, whose outcome there
/// can be another one for each proxy, nor kinds for incoming traffic.
OutgoingPolicies outgoing(const SelectedByKind& selected);

/// REQUIRES: `proxy` has no outbounds, and its generators but that of outbounds have run.
Result<> apply_without_outbounds(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh,
                                 const SelectedByKind& selected, const GenerateOptions& options);
/// REQUIRES: the generator of TrafficRoute outbounds has run.
void apply_to_outbounds(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh,
                        const OutgoingPolicies& policies);

}  // namespace policy
}  // namespace kumasim::cp
