/// Which policies of a kind a proxy has, and what they say together.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/policy/policy.hpp"
#include "reference-cp/policy/rules.hpp"

namespace kumasim::cp {
class MeshView;
struct ProxyView;

namespace policy {

/// A listener for incoming traffic.
struct InboundKey {
  std::string address;
  std::uint32_t port = 0;
  auto operator<=>(const InboundKey&) const = default;
};

/// A builtin gateway's listener; the hostname is "*" where it has none.
struct GatewayListenerKey {
  std::string address;
  std::uint32_t port = 0;
  std::string hostname;
  auto operator<=>(const GatewayListenerKey&) const = default;
};

/// What of a proxy a policy's top-level targetRef selects.
struct Selection {
  std::vector<InboundKey> inbounds;
  std::vector<GatewayListenerKey> listeners;
  bool delegated_gateway = false;
  bool any() const { return !inbounds.empty() || !listeners.empty() || delegated_gateway; }
};

/// By kind of targetRef, and by the policy's zone and namespace (a policy of a zone is for proxies of that zone, one
/// with the role consumer or workload-owner for those of its namespace).
Selection select(const Policy& policy, const ProxyView& proxy, const MeshView& mesh);

/// Policies taken apart once for all proxies that they are asked for. Keeps them until it is cleared.
class DecodedPolicies {
 public:
  const PolicyPtr& get(const ResourcePtr& resource);
  void clear() { decoded_.clear(); }

 private:
  std::map<const Resource*, PolicyPtr> decoded_;  ///< a policy holds its resource, so no address comes twice
};

struct MatchOptions {
  bool include_shadow = false;
  DecodedPolicies* decoded = nullptr;
};

/// All policies of one kind that select something of the proxy, each list by precedence: the last one wins.
struct SelectedPolicies {
  std::vector<PolicyPtr> all;
  std::map<InboundKey, std::vector<PolicyPtr>> by_inbound;
  std::map<GatewayListenerKey, std::vector<PolicyPtr>> by_listener;  ///< as Kuma leaves them: in the order of names
};

SelectedPolicies select_policies(std::string_view type, const ProxyView& proxy, const MeshView& mesh,
                                 const MatchOptions& options = {});

/// All policies of one kind that select something of the proxy, and their rules.
struct MatchedPolicies {
  std::vector<PolicyPtr> policies;                       ///< by precedence, the last one wins
  std::map<InboundKey, std::vector<Rule>> from;          ///< an inbound is a key if any policy selects it
  std::map<InboundKey, std::vector<InboundRule>> rules;  ///< the same keys
  std::vector<Rule> to;
  ResourceRules to_resources;
  std::map<GatewayListenerKey, std::vector<PolicyPtr>> by_listener;

  /// Merged conf of the rules for all traffic to an inbound; an empty object where there is none.
  nlohmann::json inbound_conf(const InboundKey& inbound) const;
};

/// What selected policies say of incoming traffic: no rules for destinations.
MatchedPolicies match_incoming(const SelectedPolicies& selected);
/// What policies, sorted by precedence, say of outgoing traffic: rules for destinations only.
MatchedPolicies match_outgoing(std::vector<PolicyPtr> sorted, const MeshView& mesh);
/// Both.
MatchedPolicies match_policies(std::string_view type, const ProxyView& proxy, const MeshView& mesh,
                               const MatchOptions& options = {});

}  // namespace policy
}  // namespace kumasim::cp
