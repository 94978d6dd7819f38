/// What a proxy's own connections are for: a pool of a host, or one session of the TCP proxy.
#pragma once

#include <vector>

#include "sim/envoy/data/proxy.hpp"

namespace kumasim::sim::proxy {

/// Owner of a wire that the proxy opened.
struct Proxy::PoolWire {
  UpstreamPtr upstream;
  UpstreamHostPtr host;
  EventRef connect_timer, age_timer;
  std::shared_ptr<TunnelWire> session;  ///< null: it belongs to the host's pool
  bool waits = false;                   ///< of a session: counts in what waits for a connection of the cluster
  bool stands = false;                  ///< of a session: it was connected, and counts in the host's requests
};

/// One downstream connection of a TCP proxy and its upstream connection.
struct Proxy::TunnelWire {
  WirePtr down, up;
  const TcpProxy* filter = nullptr;  ///< of the downstream connection's chain
  const ClusterChoice* choice = nullptr;
  bool carries = false;              ///< the client's TLS goes on as it is
  ExchangePtr first;                 ///< whose record tells what happened; null where it carries TLS
  std::vector<Step> way;             ///< where it carries TLS: what was chosen, for the record of each request
  std::vector<ExchangePtr> waiting;  ///< bytes that came before the upstream was connected
  unsigned attempts = 0;
  std::string flags;  ///< of all attempts, separated by commas in the order of their coming
  bool over = false;
};

}  // namespace kumasim::sim::proxy
