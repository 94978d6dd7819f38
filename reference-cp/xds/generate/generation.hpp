/// What the generators of one proxy share: the views and the resources made so far.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp::generators {

struct Generation {
  const MeshView& mesh;
  const ProxyView& proxy;
  ResourceSet& resources;

  bool transparent() const { return proxy.transparent_proxy.has_value(); }

  template <class Message>
  void add(std::unique_ptr<Message> message, Origin origin, Kri resource = {}, std::string protocol = {}) {
    std::string name = message->name();
    resources.add(std::move(name), std::move(message), origin, std::move(resource), std::move(protocol));
  }
};

/// Fails for a proxy that has an admin server and names no port of readiness, as Kuma does.
Result<> admin(Generation& g);
void prometheus(Generation& g);
void transparent_proxy(Generation& g);
/// Fails for an inbound whose protocol is tls or mysql: Kuma knows no timeouts for them and configures no such proxy.
Result<> inbounds(Generation& g);
/// Outbounds of a mesh with TrafficRoutes.
void traffic_route_outbounds(Generation& g);
void direct_access(Generation& g);
/// The backend of the (legacy) TrafficTrace.
void tracing(Generation& g);
void probes(Generation& g);
void dns(Generation& g);
/// The secrets of a workload identity, or the cluster of the agent that has them.
void identities(Generation& g);
/// Which secrets of meshes TLS contexts name.
std::set<std::string> secret_names(Generation& g);
/// REQUIRES: everything else has run: the secrets are those that TLS contexts name, and those that are `named`
/// elsewhere.
void secrets(Generation& g, std::set<std::string> named = {});

}  // namespace kumasim::cp::generators
