/// One request to one destination: which, where it begins, and what the proxies on its way make of it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kumasim/envoy/call.hpp"
#include "scenarios/behaviour/deployment.hpp"
#include "scenarios/behaviour/fact.hpp"
#include "scenarios/behaviour/gateway_door.hpp"

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
  std::string route = {};  ///< the name that the first proxy's route has
  std::vector<EndpointShare> shares = {};
  std::vector<ServerPlace> servers = {};
};

/// What a person calls the destination of an outbound: the service, or the name of the Mesh*Service.
std::string destination_name(const cp::Outbound& outbound);

/// Where a call enters its first proxy: by an outbound for the proxy's own application, or by a door of a gateway.
struct WayIn {
  const StillProxy* proxy = nullptr;
  const cp::Outbound* outbound = nullptr;
  std::optional<Door> door = {};

  /// There is such a call.
  bool leads() const { return proxy != nullptr && (outbound != nullptr || door); }
};

/// Without chance: where a route takes a part of the requests, it is taken. Endpoints are all healthy.
/// REQUIRES: the way leads somewhere.
CallFacts evaluate(const Deployment& deployment, const WayIn& way, const FlowRequest& request);

}  // namespace kumasim::scenario
