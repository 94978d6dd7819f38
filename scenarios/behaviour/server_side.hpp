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

/// Faults and limits of one filter, if the request is one that it means.
struct FilterFacts {
  std::string delay, abort;
  Fact limit{"none"};
  void add(const sim::proxy::HttpFilter& filter, const sim::Headers& headers);
};

}  // namespace kumasim::scenario
