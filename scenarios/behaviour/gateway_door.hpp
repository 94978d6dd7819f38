/// Where clients outside of the mesh enter it: the hostnames on the listeners of a builtin gateway.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/behaviour/deployment.hpp"
#include "sim/envoy/config/listener.hpp"

namespace kumasim::scenario {

struct Door {
  std::uint32_t port = 0;
  bool tls = false;            ///< the client begins with TLS
  std::string hostname = "*";  ///< as the listener has it, wildcards included; "*": any
  bool http = true;            ///< the listener reads requests; else it passes bytes on

  /// The same door for its clients.
  bool same(const Door& other) const { return port == other.port && tls == other.tls && hostname == other.hostname; }
  /// What follows the gateway's name: ":8080", ":8080 example.com", ":8443 https://*.example.com", ":8443 tls://*".
  std::string text() const;
  /// The name that a client asks for: of a wildcard an example, of "*" none.
  std::string host() const;
  /// What a client shows to the gateway at this address.
  sim::proxy::Hello hello(const std::string& address) const;
};

/// Each of them once, by port. A listener for other meshes (`crossMesh`) is none, and neither is one that the proxy was
/// not given.
std::vector<Door> doors_of(const Deployment& deployment, const StillProxy& proxy);

}  // namespace kumasim::scenario
