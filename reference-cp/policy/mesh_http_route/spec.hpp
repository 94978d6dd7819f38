/// MeshHTTPRoute's rules (Kuma docs, "MeshHTTPRoute").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "reference-cp/policy/header_match.hpp"
#include "reference-cp/policy/mesh_route/backend_ref.hpp"

namespace kumasim::cp::policy::mesh_http_route {

struct PathMatch {
  enum class Type : std::uint8_t { exact, prefix, regular_expression };
  Type type = Type::prefix;
  std::string value = "/";
  bool operator==(const PathMatch&) const = default;
};

struct QueryMatch {
  bool regular_expression = false;  ///< else exact
  std::string name, value;
  bool operator==(const QueryMatch&) const = default;
};

struct Match {
  std::optional<PathMatch> path;
  std::optional<std::string> method;
  std::vector<QueryMatch> query;
  std::vector<HeaderMatch> headers;
  bool operator==(const Match&) const = default;
};

/// Negative where `a` comes first: Gateway API's precedence (exact path, longer prefix, longer expression, a method,
/// more headers, more query parameters).
int compare(const Match& a, const Match& b);

using Headers = std::vector<std::pair<std::string, std::string>>;
struct HeaderChange {
  bool response = false;  ///< else of the request
  Headers set, add;
  std::vector<std::string> remove;
};

struct PathRewrite {
  bool full = false;  ///< else the matched prefix
  std::string value;
};

struct Redirect {
  std::optional<std::string> scheme, hostname;
  std::optional<PathRewrite> path;
  std::optional<std::uint32_t> port;
  std::uint32_t status = 302;
};

struct Rewrite {
  std::optional<std::string> hostname;
  std::optional<PathRewrite> path;
  bool host_from_backend = false;  ///< builtin gateways only
};

struct Mirror {
  std::optional<double> percentage;
  BackendRef backend;
};

using Filter = std::variant<HeaderChange, Redirect, Rewrite, Mirror>;

/// What requests that any of the matches fits get.
struct RouteRuleConf {
  std::vector<Match> matches;
  std::string hash;  ///< of the matches, see match_hash
  std::vector<Filter> filters;
  std::vector<BackendRef> backends;
};

/// The rules of a merged conf, in order.
std::vector<RouteRuleConf> rules_from_json(const nlohmann::json& conf);

/// Every request: a path with the prefix "/".
const Match& catch_all();
/// Kuma's name for the route of catch_all.
const std::string& catch_all_name();

}  // namespace kumasim::cp::policy::mesh_http_route
