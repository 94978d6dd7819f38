#include "reference-cp/xds/gateway/route_action.hpp"

#include <cmath>
#include <map>
#include <string_view>

#include <envoy/config/route/v3/route.pb.h>

#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/gateway/connection_policies.hpp"

namespace kumasim::cp::gateway {
namespace {

using ::envoy::config::core::v3::HeaderValueOption;
using ::envoy::config::route::v3::RedirectAction;
using ::envoy::config::route::v3::Route;
using ::envoy::config::route::v3::RouteAction;
using ::envoy::config::route::v3::RouteMatch;

constexpr Duration stream_idle_timeout = std::chrono::seconds(5);

void fill_match(const EntryMatch& from, RouteMatch& out) {
  if (!from.exact_path.empty()) out.set_path(from.exact_path);
  if (!from.prefix_path.empty()) out.set_prefix(from.prefix_path);
  if (!from.regex_path.empty()) out.mutable_safe_regex()->set_regex(from.regex_path);
  auto header = [&](const std::string& name) -> auto& {
    auto& matcher = *out.add_headers();
    matcher.set_name(name);
    return matcher;
  };
  if (!from.method.empty()) header(":method").mutable_string_match()->set_exact(from.method);
  for (const auto& [name, value] : from.exact_headers) header(name).mutable_string_match()->set_exact(value);
  for (const auto& [name, value] : from.regex_headers)
    header(name).mutable_string_match()->mutable_safe_regex()->set_regex(value);
  for (const std::string& name : from.present_headers) header(name).set_present_match(true);
  for (const std::string& name : from.absent_headers) header(name).set_present_match(false);
  for (const auto& [name, value] : from.prefix_headers) header(name).set_prefix_match(value);
  auto query = [&](const std::string& name) -> auto& {
    auto& matcher = *out.add_query_parameters();
    matcher.set_name(name);
    return *matcher.mutable_string_match();
  };
  for (const auto& [name, value] : from.exact_query) query(name).set_exact(value);
  for (const auto& [name, value] : from.regex_query) query(name).mutable_safe_regex()->set_regex(value);
}

template <class Action>
void rewrite_path(const Rewrite& rewrite, Action& action) {
  if (rewrite.full_path) {
    action.mutable_regex_rewrite()->mutable_pattern()->set_regex(".*");
    action.mutable_regex_rewrite()->set_substitution(*rewrite.full_path);
  }
  if (rewrite.prefix) action.set_prefix_rewrite(*rewrite.prefix);
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

void fill_redirect(const Redirect& redirect, std::uint32_t port, RedirectAction& out) {
  out.set_strip_query(true);
  if (!redirect.scheme.empty()) out.set_scheme_redirect(redirect.scheme);
  out.set_host_redirect(redirect.host);
  out.set_port_redirect(redirect.port ? redirect.port : port);
  if (redirect.path) rewrite_path(*redirect.path, out);
  out.set_response_code(code(redirect.status));
}

void fill_forward(const RouteContext& context, const Entry& entry, RouteAction& out) {
  std::map<std::string, const Destination*> by_cluster;
  for (const Destination& destination : entry.forward) by_cluster[destination.cluster] = &destination;
  out.set_cluster_not_found_response_code(RouteAction::INTERNAL_SERVER_ERROR);
  envoy::set_duration(*out.mutable_idle_timeout(), stream_idle_timeout);
  for (const auto& [name, destination] : by_cluster) {
    auto& cluster = *out.mutable_weighted_clusters()->add_clusters();
    cluster.set_name(name);
    bool all = destination->weight == 0 && entry.forward.size() == 1;
    cluster.mutable_weight()->set_value(all ? 1 : destination->weight);
    if (context.clusters.is_direct(*destination)) continue;
    auto& header = *cluster.add_request_headers_to_add()->mutable_header();
    header.set_key(std::string(envoy::tags_header));
    header.set_value(context.tags_header);
  }
}

/// Envoy's fractions have fixed denominators; the coarsest one that is exact is taken.
void set_fraction(::envoy::type::v3::FractionalPercent& out, double percent) {
  using Fraction = ::envoy::type::v3::FractionalPercent;
  for (auto [factor, denominator] : {std::pair(1.0, Fraction::HUNDRED), std::pair(100.0, Fraction::TEN_THOUSAND)}) {
    if (std::floor(percent * factor) != percent * factor) continue;
    out.set_numerator(static_cast<std::uint32_t>(percent * factor));
    out.set_denominator(denominator);
    return;
  }
  out.set_numerator(static_cast<std::uint32_t>(std::round(percent * 10000)));
  out.set_denominator(Fraction::MILLION);
}

bool is_host(const std::string& header) { return header == ":authority" || header == "Host" || header == "host"; }

/// As HTTP/1.1 spells them: "Content-Type". A name with what no name may have stays as it is.
std::string canonical(std::string name) {
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  for (char c : name)
    if (!is_letter(c) && !(c >= '0' && c <= '9') &&
        std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos)
      return name;
  bool first = true;
  for (char& c : name) {
    if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!first && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    first = c == '-';
  }
  return name;
}

template <class List>
void add_header(List& list, const std::string& name, const std::string& value,
                HeaderValueOption::HeaderAppendAction action) {
  HeaderValueOption& option = *list.Add();
  option.set_append_action(action);
  option.mutable_header()->set_key(canonical(name));
  option.mutable_header()->set_value(value);
}

void edit_headers(const Entry& entry, Route& route) {
  if (const auto& edits = entry.request_headers) {
    for (const auto& [name, value] : edits->set) {
      if (!is_host(name))
        add_header(*route.mutable_request_headers_to_add(), name, value, HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD);
      else if (route.has_route() && !value.empty())
        route.mutable_route()->set_host_rewrite_literal(value);
    }
    for (const auto& [name, value] : edits->add)
      add_header(*route.mutable_request_headers_to_add(), name, value, HeaderValueOption::APPEND_IF_EXISTS_OR_ADD);
    for (const std::string& name : edits->remove) route.add_request_headers_to_remove(name);
  }
  if (const auto& edits = entry.response_headers) {
    for (const auto& [name, value] : edits->set)
      add_header(*route.mutable_response_headers_to_add(), name, value, HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD);
    for (const auto& [name, value] : edits->add)
      add_header(*route.mutable_response_headers_to_add(), name, value, HeaderValueOption::APPEND_IF_EXISTS_OR_ADD);
    for (const std::string& name : edits->remove) route.add_response_headers_to_remove(name);
  }
}

void change_forward(const Entry& entry, RouteAction& action) {
  if (entry.mirror && entry.mirror->percentage > 0) {
    auto& mirror = *action.add_request_mirror_policies();
    mirror.set_cluster(entry.mirror->to.cluster);
    set_fraction(*mirror.mutable_runtime_fraction()->mutable_default_value(), entry.mirror->percentage);
  }
  if (entry.rewrite) rewrite_path(*entry.rewrite, action);
}

}  // namespace

void fill_route(const RouteContext& context, const Listener& listener, const Host& host, const Entry& entry,
                Route& route) {
  route.set_name(entry.name);
  fill_match(entry.match, *route.mutable_match());
  if (entry.redirect) fill_redirect(*entry.redirect, listener.port, *route.mutable_redirect());
  if (!entry.forward.empty()) fill_forward(context, entry, *route.mutable_route());
  if (entry.rewrite && route.has_route()) {
    if (entry.rewrite->host_from_backend) route.mutable_route()->mutable_auto_host_rewrite()->set_value(true);
    if (std::string host_name = entry.rewrite->hostname.value_or(""); !host_name.empty())
      route.mutable_route()->set_host_rewrite_literal(host_name);
  }
  configure_route(route, context.mesh, host.tags, entry.forward);
  edit_headers(entry, route);
  if (route.has_route()) change_forward(entry, *route.mutable_route());
}

}  // namespace kumasim::cp::gateway
