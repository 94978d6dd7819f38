/// Matches, actions and filters of routes (Envoy docs, "HTTP route components").
#include "reference-cp/policy/mesh_http_route/envoy_route.hpp"

#include <cmath>
#include <set>

#include <envoy/config/route/v3/route.pb.h>

namespace kumasim::cp::policy::mesh_http_route {
namespace {

using EnvoyMatch = ::envoy::config::route::v3::RouteMatch;
using ::envoy::config::core::v3::HeaderValueOption;
using ::envoy::config::route::v3::RedirectAction;

/// Path-separated prefixes are two matches, since Envoy's own would rewrite "/prefix/x" to "//x".
std::vector<EnvoyMatch> path_matches(const PathMatch& path) {
  std::vector<EnvoyMatch> matches(1);
  std::string value = path.value;
  switch (path.type) {
    case PathMatch::Type::exact: matches[0].set_path(value); break;
    case PathMatch::Type::regular_expression: matches[0].mutable_safe_regex()->set_regex(value); break;
    case PathMatch::Type::prefix:
      if (value == "/") {
        matches[0].set_prefix(value);
        break;
      }
      if (value.ends_with('/')) value.pop_back();
      matches[0].set_path(value);
      matches.emplace_back().set_prefix(value + "/");
      break;
  }
  return matches;
}

/// A second condition on one name is not looked at.
void add_conditions(EnvoyMatch& out, const Match& match) {
  if (match.method) {
    auto& header = *out.add_headers();
    header.set_name(":method");
    header.mutable_string_match()->set_exact(*match.method);
  }
  std::set<std::string> names;
  for (const QueryMatch& query : match.query) {
    if (!names.insert(query.name).second) continue;
    auto& parameter = *out.add_query_parameters();
    parameter.set_name(query.name);
    if (query.regular_expression) {
      parameter.mutable_string_match()->mutable_safe_regex()->set_regex(query.value);
    } else {
      parameter.mutable_string_match()->set_exact(query.value);
    }
  }
  names.clear();
  for (HeaderMatch header : match.headers) {
    if (!names.insert(header.name).second) continue;
    // Envoy refuses an empty prefix.
    if (header.type == HeaderMatch::Type::prefix && header.value.empty()) header.type = HeaderMatch::Type::present;
    header.fill(*out.add_headers());
  }
}

template <class List>
void add_headers(List& list, const HeaderChange& change) {
  auto add = [&](const Headers& headers, HeaderValueOption::HeaderAppendAction action) {
    for (const auto& [name, value] : headers) {
      auto& option = *list.Add();
      option.set_append_action(action);
      option.mutable_header()->set_key(name);
      option.mutable_header()->set_value(value);
    }
  };
  add(change.set, HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD);
  add(change.add, HeaderValueOption::APPEND_IF_EXISTS_OR_ADD);
}

template <class Action>
void replace_whole_path(Action& action, const std::string& with) {
  action.mutable_regex_rewrite()->mutable_pattern()->set_regex(".*");
  action.mutable_regex_rewrite()->set_substitution(with);
}

/// Rewrites of a prefix hold only for routes made from a prefix match: its own path as a whole, else its beginning.
template <class Action>
void rewrite_path(Action& action, const PathRewrite& path, const EnvoyMatch& match, bool from_prefix) {
  if (path.full) {
    replace_whole_path(action, path.value);
  } else if (from_prefix && !match.path().empty()) {
    replace_whole_path(action, path.value);
  } else if (from_prefix && !match.prefix().empty()) {
    action.set_prefix_rewrite(path.value);
  }
}

RedirectAction::RedirectResponseCode code(std::uint32_t status) {
  switch (status) {
    case 301: return RedirectAction::MOVED_PERMANENTLY;
    case 303: return RedirectAction::SEE_OTHER;
    case 307: return RedirectAction::TEMPORARY_REDIRECT;
    case 308: return RedirectAction::PERMANENT_REDIRECT;
    default: return RedirectAction::FOUND;
  }
}

/// Envoy's fractions have fixed denominators; the coarsest one that is exact is taken.
void set_fraction(::envoy::type::v3::FractionalPercent& out, double percent) {
  using Fraction = ::envoy::type::v3::FractionalPercent;
  for (auto [factor, denominator] : {std::pair(1.0, Fraction::HUNDRED), std::pair(100.0, Fraction::TEN_THOUSAND)}) {
    if (std::floor(percent * factor) != percent * factor) continue;
    out.set_numerator(std::uint32_t(percent * factor));
    out.set_denominator(denominator);
    return;
  }
  out.set_numerator(std::uint32_t(std::round(percent * 10000)));
  out.set_denominator(Fraction::MILLION);
}

struct FilterInto {
  envoy::Route& route;
  bool from_prefix;
  const ClusterOf& cluster_of;

  void operator()(const HeaderChange& change) const {
    if (change.response) {
      add_headers(*route.mutable_response_headers_to_add(), change);
      for (const std::string& name : change.remove) route.add_response_headers_to_remove(name);
    } else {
      add_headers(*route.mutable_request_headers_to_add(), change);
      for (const std::string& name : change.remove) route.add_request_headers_to_remove(name);
    }
  }

  void operator()(const Redirect& redirect) const {
    RedirectAction& action = *route.mutable_redirect();
    action.Clear();
    if (redirect.hostname) action.set_host_redirect(*redirect.hostname);
    if (redirect.port) action.set_port_redirect(*redirect.port);
    if (redirect.scheme) action.set_scheme_redirect(*redirect.scheme);
    if (redirect.path) rewrite_path(action, *redirect.path, route.match(), from_prefix);
    action.set_response_code(code(redirect.status));
  }

  void operator()(const Rewrite& rewrite) const {
    if (!route.has_route()) return;
    envoy::RouteAction& action = *route.mutable_route();
    if (rewrite.hostname) action.set_host_rewrite_literal(*rewrite.hostname);
    if (rewrite.path) rewrite_path(action, *rewrite.path, route.match(), from_prefix);
  }

  void operator()(const Mirror& mirror) const {
    const std::string* cluster = cluster_of(mirror.backend);
    if (!cluster || !route.has_route()) return;
    auto& policy = *route.mutable_route()->add_request_mirror_policies();
    policy.set_cluster(*cluster);
    if (mirror.percentage)
      set_fraction(*policy.mutable_runtime_fraction()->mutable_default_value(), *mirror.percentage);
  }
};

}  // namespace

void add_routes(envoy::RouteConfiguration& configuration, const RouteSpec& spec, const ClusterOf& cluster_of) {
  bool from_prefix = spec.match.path && spec.match.path->type == PathMatch::Type::prefix;
  for (EnvoyMatch& match : path_matches(spec.match.path.value_or(PathMatch{}))) {
    envoy::Route& route = envoy::add_route(configuration);
    route.set_name(spec.name);
    add_conditions(match, spec.match);
    *route.mutable_match() = std::move(match);
    route.mutable_route()->mutable_timeout();  // none until MeshTimeout says otherwise
    envoy::forward(*route.mutable_route(), spec.splits);
    if (!spec.filters) continue;
    for (const Filter& filter : *spec.filters) std::visit(FilterInto{route, from_prefix, cluster_of}, filter);
  }
}

}  // namespace kumasim::cp::policy::mesh_http_route
