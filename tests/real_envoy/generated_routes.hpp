/// Drawn route configurations: virtual hosts, matches, and every action a route can have.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/real_envoy/draw.hpp"
#include "tests/real_envoy/generated_filters.hpp"

namespace kumasim::test {

struct RouteSurroundings {
  std::vector<std::string> clusters;
  GeneratedFilters filters;
  bool slow = false;  ///< applications may not answer: every route gives up after a second
  bool tls = false;   ///< the listener terminates TLS
};

/// A RouteConfiguration in protobuf's JSON mapping.
nlohmann::json generate_routes(Draw& draw, const std::string& name, const RouteSurroundings& around);

}  // namespace kumasim::test
