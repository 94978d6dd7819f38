/// Drawn HTTP and network filters before the last one: RBAC, faults, local rate limits, and what routes put in their
/// place.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/real_envoy/draw.hpp"

namespace kumasim::test {

/// `type` without "type.googleapis.com/envoy.".
nlohmann::json typed_config(const std::string& type, nlohmann::json fields = nlohmann::json::object());

struct GeneratedFilters {
  enum class Kind : std::uint8_t { rbac, fault, rate_limit };
  nlohmann::json chain = nlohmann::json::array();  ///< with the router at the end
  std::vector<std::pair<std::string, Kind>> named;
};

GeneratedFilters generate_http_filters(Draw& draw);

/// A typed_per_filter_config for some of the filters; often empty.
nlohmann::json generate_overrides(Draw& draw, const GeneratedFilters& filters);

/// The RBAC network filter. REQUIRES: another filter follows it.
nlohmann::json generate_network_rbac(Draw& draw);

}  // namespace kumasim::test
