/// Everything that proxies get for their outbounds: listeners, routes, clusters and endpoints. Proxies that are the
/// same to it get the same objects (decision 0012).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "reference-cp/policy/all.hpp"
#include "reference-cp/xds/endpoint_updates.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/shared_generation.hpp"
#include "reference-cp/xds/snapshot.hpp"

namespace kumasim::cp::generators {

/// All of a proxy that may show in what it gets for its outbounds, and so by what that is remembered.
struct Client {
  std::vector<Outbound> outbounds;
  std::string gateway_type;
  bool unified_naming = false;
  bool redirected = false;       ///< has a transparent proxy
  bool binds_outbounds = false;  ///< feature-bind-outbounds
  bool ipv6_enabled = false;
  bool ipv6_address = false;
  policy::OutgoingPolicies policies;  ///< those that select it
  // Who it is: empty where nothing in the mesh asks for it.
  std::string service;
  Tags gateway_tags;
  std::vector<Tags> inbound_tags;

  auto operator<=>(const Client&) const = default;
};

struct SharedOutbounds {
  std::shared_ptr<const Snapshot> snapshot;
  std::set<std::string> secrets;  ///< of meshes, that TLS contexts name
};

/// By client, each with the endpoints of the time at which it was last asked for.
class RememberedOutbounds {
 public:
  /// Nothing else has changed since the view before.
  void endpoints_changed(MeshView::Ptr view, const std::set<std::string>& services);
  /// With the endpoints of the view. nullptr: it is to be made.
  const SharedOutbounds* find(const Client& client);
  /// REQUIRES: made from the view.
  const SharedOutbounds& put(Client client, SharedOutbounds made);

  std::size_t size() const { return outbounds_.size(); }
  std::uint64_t refreshes() const { return refreshes_; }

 private:
  struct Entry {
    SharedOutbounds made;
    std::uint64_t change;  ///< the last one that it has
  };
  EndpointUpdates& updates_since(std::uint64_t change);

  std::map<Client, Entry> outbounds_;
  MeshView::Ptr view_;
  std::uint64_t change_ = 0;                          ///< numbers the changes
  std::deque<std::set<std::string>> changes_;         ///< services of the last ones
  std::map<std::uint64_t, EndpointUpdates> updates_;  ///< all since a change, for the view
  std::uint64_t refreshes_ = 0;
};

/// False where the outbounds of two proxies differ as a rule (their access logs name the proxy), or depend on the rest
/// of its configuration: then all of it is to be made in one piece.
bool outbounds_are_apart(const ProxyView& proxy, const MeshView& mesh);

/// REQUIRES: outbounds_are_apart. Takes the proxy's outbounds.
Client client_of(ProxyView& proxy, const MeshView& mesh, policy::OutgoingPolicies policies);

/// A function of the arguments; `shared` may be nullptr.
SharedOutbounds outbounds_for(Client client, const MeshView& mesh, SharedGeneration* shared);

}  // namespace kumasim::cp::generators

namespace kumasim::cp {

struct SharedGeneration::Tables {
  policy::DecodedPolicies decoded;
  generators::RememberedOutbounds outbounds;
};

}  // namespace kumasim::cp
