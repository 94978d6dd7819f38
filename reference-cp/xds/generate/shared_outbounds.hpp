/// Everything that proxies get for their outbounds: listeners, routes, clusters and endpoints. Proxies that are the
/// same to it get the same objects (decision 0012).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference-cp/policy/all.hpp"
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
  bool name_identity = false, name_ca = false;  ///< some TLS context names the mesh's certificate, its CA
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
  std::map<generators::Client, generators::SharedOutbounds> outbounds;
};

}  // namespace kumasim::cp
