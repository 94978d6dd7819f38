/// What a request would meet at this instant by the configurations that proxies run: no call is made and nothing is
/// drawn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kumasim/envoy/call.hpp"
#include "sim/envoy/config/cluster.hpp"
#include "sim/envoy/config/state.hpp"

namespace kumasim::sim::proxy {

/// Where the request may come to.
struct InstantEndpoint {
  const Endpoint* endpoint = nullptr;
  const TlsContext* tls = nullptr;  ///< null: in the clear
};

/// One of the clusters that a route parts requests among.
struct InstantBranch {
  std::string cluster;
  Labels subset = {};  ///< that its endpoints must have
  std::vector<InstantEndpoint> endpoints = {};
};

struct InstantPath {
  std::string broken = {};  ///< why the proxy sends it nowhere; "": it does, or answers itself
  std::vector<InstantBranch> branches = {};
};

/// By what is in use, not by what warms. A route that takes a part of such requests takes them all. It points into the
/// configuration, which must not change meanwhile.
InstantPath outbound_path(const ConfigState& client, const Call& call);

/// One end of a connection between two proxies.
struct InstantEnd {
  const ConfigState& config;
  std::string address;
  WallTime now;  ///< by its own clock
};

/// What becomes of a connection at the server's inbound.
struct InstantArrival {
  enum class What : std::uint8_t { passes, plaintext, distrust, no_listener };
  What what = What::passes;
  std::string why = {};
  bool allowed =
      true;  ///< access control would let the client in, by the name that it shows; told where it is distrust
};
/// The client sends by `tls`, null for plaintext, to the server's `port`. `certificates` are the world's.
InstantArrival arrive(const InstantEnd& client, const TlsContext* tls, const InstantEnd& server, std::uint16_t port,
                      CertificateStore& certificates);

}  // namespace kumasim::sim::proxy
