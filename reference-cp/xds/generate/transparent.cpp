/// Redirected connections that no other listener is for pass through, in both directions.
#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>

#include <fmt/format.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/legacy/traffic_log.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/generate/generation.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::generators {
namespace {

/// Connections from the proxy to its own host come from these, so that redirection leaves them alone.
constexpr char pass_through_v4[] = "127.0.0.6";
constexpr char pass_through_v6[] = "::6";

envoy::ClusterPtr cluster(const std::string& name) {
  envoy::ClusterPtr result = envoy::make_cluster(name);
  envoy::pass_through(*result);
  return result;
}

void finish(Generation& g, envoy::ListenerPtr listener, bool logged) {
  listener->mutable_use_original_dst()->set_value(true);
  envoy::Split to{listener->name()};
  envoy::FilterChain& chain = envoy::add_chain(*listener);
  envoy::tcp_proxy(chain, listener->name(), {&to, 1});
  if (logged) policy::legacy::TrafficLogs(g.proxy, g.mesh).add_pass_through(chain);
  g.add(std::move(listener), Origin::transparent);
}

/// `networking.outbound.passthrough`; true where the mesh does not say.
bool passes(const Resource* mesh) {
  return !mesh || at(mesh->spec, "networking", "outbound", "passthrough") != false;
}

void family(Generation& g, int version, const std::string& all, const std::string& source) {
  const TransparentProxy& redirection = *g.proxy.transparent_proxy;
  auto name = [&](const char* direction) {
    return g.proxy.unified_naming ? envoy::unified::passthrough(direction, version)
                                  : fmt::format("{}:passthrough:ipv{}", direction, version);
  };
  std::string outbound = name("outbound");
  std::string inbound = name("inbound");
  finish(g, envoy::outbound_listener(outbound, all, redirection.redirect_port_outbound), true);
  if (passes(g.mesh.mesh())) g.add(cluster(outbound), Origin::transparent);
  finish(g, envoy::inbound_listener(inbound, all, redirection.redirect_port_inbound), false);
  envoy::ClusterPtr in = cluster(inbound);
  envoy::bind_to(*in, source);
  g.add(std::move(in), Origin::transparent);
}

}  // namespace

void transparent_proxy(Generation& g) {
  if (!g.transparent()) return;
  family(g, 4, "0.0.0.0", pass_through_v4);
  if (g.proxy.transparent_proxy->ipv6) family(g, 6, "::", pass_through_v6);
}

}  // namespace kumasim::cp::generators
