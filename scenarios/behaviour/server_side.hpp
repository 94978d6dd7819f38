/// What the proxy at the other end makes of a connection and of its request.
#pragma once

#include <string>

#include "scenarios/behaviour/flow.hpp"
#include "sim/envoy/config/listener.hpp"

namespace kumasim::scenario {

/// What comes to a server: from whom, under which TLS settings (null: plain), and what it asks.
struct Arrival {
  const StillProxy& client;
  const sim::proxy::TlsContext* tls = nullptr;
  bool http = true;
  std::string authority = {};
  std::string method = {};
  std::string path = {};
  sim::Headers headers = {};
};

/// access, transport, inbound timeouts, faults and rate limits.
Facts receive(const Deployment& deployment, const ServerPlace& server, const Arrival& arrival);

/// The listener for connections to this address, or the one that takes redirected ones; null for none.
const sim::proxy::Listener* find_listener(const sim::proxy::ConfigState& config, const std::string& host,
                                          std::uint32_t port, bool outbound);
const sim::proxy::RouteConfig* routes_of(const sim::proxy::ConfigState& config,
                                         const sim::proxy::HttpConnectionManager& manager);

/// The route that takes a request; null for none. A route for a part of the requests takes them.
const sim::proxy::Route* find_route(const sim::proxy::VirtualHost& host, const std::string& authority,
                                    const std::string& method, const std::string& path, const sim::Headers& headers);

/// Faults and limits of one filter, if the request is one that it means.
struct FilterFacts {
  std::string delay, abort;
  Fact limit{"none"};
  void add(const sim::proxy::HttpFilter& filter, const sim::Headers& headers);
};

}  // namespace kumasim::scenario
