/// Drawn matchers over a small vocabulary, so that drawn calls hit them, and just miss them, often.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/real_envoy/draw.hpp"

namespace kumasim::test {

/// What calls are put together from.
const std::vector<std::string>& drawn_paths();
const std::vector<std::string>& drawn_values();
const std::vector<std::string>& drawn_headers();
const std::vector<std::string>& drawn_queries();
const std::vector<std::string>& drawn_authorities();

/// In protobuf's JSON mapping, each with one matcher of the kind.
nlohmann::json drawn_string_matcher(Draw& draw);
nlohmann::json drawn_header_matcher(Draw& draw);
nlohmann::json drawn_query_matcher(Draw& draw);
/// A StringMatcher over paths.
nlohmann::json drawn_path_matcher(Draw& draw);
/// A RouteMatch.
nlohmann::json drawn_route_match(Draw& draw);

}  // namespace kumasim::test
