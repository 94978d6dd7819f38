/// One request of one proxy to one destination: which, and what the two proxies make of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kumasim/envoy/call.hpp"
#include "scenarios/behaviour/deployment.hpp"
#include "scenarios/behaviour/fact.hpp"

namespace kumasim::scenario {

/// What a request shows of itself.
struct FlowRequest {
  std::string method = "GET";
  std::string path = "/";
  sim::Headers headers = {};
  auto operator<=>(const FlowRequest&) const = default;

  /// "GET /api x-user=admin"; "" for GET / without headers.
  std::string text() const;
};

/// An endpoint that may get the request: its part of all requests, and its tags.
struct EndpointShare {
  double part = 0;
  cp::Tags tags = {};
};

/// Whose inbounds the request comes to.
struct ServerPlace {
  const StillProxy* proxy = nullptr;
  std::size_t inbound = 0;
  auto operator<=>(const ServerPlace&) const = default;
};

struct CallFacts {
  Facts facts;
  std::vector<EndpointShare> shares = {};
  std::vector<ServerPlace> servers = {};
};

/// What a person calls the destination of an outbound: the service, or the name of the Mesh*Service.
std::string destination_name(const cp::Outbound& outbound);

/// Without chance: where a route takes a part of the requests, it is taken. Endpoints are all healthy.
CallFacts evaluate(const Deployment& deployment, const StillProxy& client, const cp::Outbound& outbound,
                   const FlowRequest& request);

}  // namespace kumasim::scenario
