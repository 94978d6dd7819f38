/// The listeners of a builtin gateway, with the routes that are for each of their hosts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/gateway/route_entry.hpp"

namespace kumasim::cp {
class MeshView;
namespace policy {
struct Gateway;
struct MatchedPolicies;
}  // namespace policy

namespace gateway {

/// Becomes a virtual host.
struct Host {
  std::string hostname;
  Tags tags;  ///< of the proxy, the gateway and the listener together
  std::vector<Entry> entries;
};

/// Hosts that share a certificate, and where TLS is told from TLS by server names, a filter chain.
struct HostGroup {
  std::string hostname;
  nlohmann::json tls;  ///< of the MeshGateway's listener; null where it has none
  std::vector<Host> hosts;
};

/// All listeners of a MeshGateway on one port.
struct Listener {
  std::uint32_t port = 0;
  std::string protocol;  ///< HTTP, HTTPS, TCP, TLS
  std::string name;      ///< of Envoy's listener
  bool cross_mesh = false;
  std::uint32_t connection_limit = 0;  ///< 0: none
  std::vector<HostGroup> groups;       ///< the most exact hostname first

  bool http() const { return protocol == "HTTP" || protocol == "HTTPS"; }
  /// Of the group's route configuration; all groups of plain HTTP share one.
  std::string route_name(const HostGroup& group) const;
};

/// One entry of a MeshGateway's `conf.listeners`.
struct Part {
  std::uint32_t port = 0;
  std::string protocol, hostname;  ///< "*" where it has none
  Tags tags;                       ///< as Host::tags
  nlohmann::json conf;
};
std::vector<Part> parts_of(const policy::Gateway& gateway);

/// Of the part's port, without groups.
Listener listener_of(const policy::Gateway& gateway, const Part& part);
/// Orders the groups and within them the hosts by how exact their names are.
void sort_by_hostname(Listener& listener);

/// What MeshGatewayRoutes say, on ports with any protocol.
std::vector<Listener> gateway_route_listeners(const MeshView& mesh, const policy::Gateway& gateway);
/// What MeshHTTPRoutes say, on HTTP and HTTPS ports; MeshTCPRoutes on TCP and TLS ports. A host that no route is for is
/// left out.
std::vector<Listener> http_route_listeners(const MeshView& mesh, const policy::Gateway& gateway,
                                           const policy::MatchedPolicies& routes);
std::vector<Listener> tcp_route_listeners(const MeshView& mesh, const policy::Gateway& gateway,
                                          const policy::MatchedPolicies& routes);

}  // namespace gateway
}  // namespace kumasim::cp
