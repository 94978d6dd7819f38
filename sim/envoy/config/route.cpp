#include "sim/envoy/config/route.hpp"

#include <algorithm>
#include <charconv>

#include <google/protobuf/io/coded_stream.h>

#include "envoy/config/route/v3/route.pb.h"
#include "envoy/config/route/v3/route_components.pb.h"
#include "envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config.pb.h"
#include "envoy/type/matcher/v3/regex.pb.h"
#include "sim/envoy/config/proto_time.hpp"
#include "sim/envoy/config/sorted.hpp"
#include "sim/envoy/config/string_match.hpp"
#include "sim/envoy/config/validate.hpp"

namespace kumasim::sim::proxy {
namespace {

namespace rt = ::envoy::config::route::v3;
namespace core = ::envoy::config::core::v3;

template <class Message>
HeaderEdits request_edits(const Message& m) {
  return header_edits(m.request_headers_to_add(), m.request_headers_to_remove());
}
template <class Message>
HeaderEdits response_edits(const Message& m) {
  return header_edits(m.response_headers_to_add(), m.response_headers_to_remove());
}

template <class Message>
Checked<FilterOverrides> filter_overrides(const Message& m) {
  FilterOverrides out;
  for (const auto& [name, config] : sorted(m.typed_per_filter_config())) {
    auto filter = compile_override(name, *config);
    if (!filter) return refuse(filter.error());
    out.emplace(name, std::move(*filter));
  }
  return out;
}

/// Envoy takes both kinds of conditions from one list.
void take_conditions(const std::string& text, RetryPolicy& out) {
  static const std::map<std::string, int> grpc_names{
      {"cancelled", 1}, {"deadline-exceeded", 4}, {"resource-exhausted", 8}, {"internal", 13}, {"unavailable", 14},
  };
  static const std::map<std::string, unsigned> names{
      {"5xx", RetryPolicy::on_5xx},
      {"gateway-error", RetryPolicy::on_gateway_error},
      {"connect-failure", RetryPolicy::on_connect_failure},
      {"reset", RetryPolicy::on_reset},
      {"reset-before-request", RetryPolicy::on_reset_before_request},
      {"retriable-4xx", RetryPolicy::on_retriable_4xx},
      {"refused-stream", RetryPolicy::on_refused_stream},
      {"retriable-status-codes", RetryPolicy::on_status_codes},
      {"retriable-headers", RetryPolicy::on_headers},
  };
  for (std::size_t at = 0; at <= text.size();) {
    auto end = std::min(text.find(',', at), text.size());
    auto word = text.substr(at, end - at);
    word.erase(0, word.find_first_not_of(' '));
    word.erase(word.find_last_not_of(' ') + 1);
    if (auto found = names.find(word); found != names.end()) out.on |= found->second;
    if (auto found = grpc_names.find(word); found != grpc_names.end()) out.grpc_statuses.insert(found->second);
    at = end + 1;
  }
}

/// OmitHostMetadataConfig has one field, the metadata, as number 1; it is read without its generated class.
Checked<Labels> omitted_labels(const std::string& bytes) {
  constexpr std::uint32_t metadata_tag = 1 << 3 | 2;
  ::google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                              static_cast<int>(bytes.size()));
  ::envoy::config::core::v3::Metadata metadata;
  while (auto tag = in.ReadTag()) {
    std::uint32_t size = 0;
    bool read = tag == metadata_tag && in.ReadVarint32(&size);
    auto limit = in.PushLimit(static_cast<int>(size));
    if (!read || !metadata.MergePartialFromCodedStream(&in)) return refuse("OmitHostMetadataConfig cannot be read");
    in.PopLimit(limit);
  }
  return to_labels(metadata, "envoy.lb");
}

Checked<RetryPolicy> compile_retry(const rt::RetryPolicy& p) {
  RetryPolicy out;
  take_conditions(p.retry_on(), out);
  out.status_codes.insert(p.retriable_status_codes().begin(), p.retriable_status_codes().end());
  if (p.has_num_retries()) out.retries_max = p.num_retries().value();
  if (p.has_per_try_timeout()) out.try_timeout = to_duration(p.per_try_timeout());
  if (p.has_retry_back_off()) {
    out.backoff_base = to_duration(p.retry_back_off().base_interval());
    out.backoff_max =
        p.retry_back_off().has_max_interval() ? to_duration(p.retry_back_off().max_interval()) : out.backoff_base * 10;
  }
  for (const auto& predicate : p.retry_host_predicate()) {
    auto type = type_name(predicate.typed_config().type_url());
    if (type == "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate") out.avoid_previous_hosts = true;
    if (type != "envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig") continue;
    auto labels = omitted_labels(predicate.typed_config().value());
    if (!labels) return refuse(labels.error());
    if (!labels->empty()) out.omitted_hosts.push_back(std::move(*labels));
  }
  if (p.has_retry_priority()) {
    ::envoy::extensions::retry::priority::previous_priorities::v3::PreviousPrioritiesConfig priorities;
    if (auto ok = unpack(p.retry_priority().typed_config(), priorities); !ok) return refuse(ok.error());
    out.priority_update_every = static_cast<unsigned>(std::max(priorities.update_frequency(), 1));
  }
  if (p.has_rate_limited_retry_back_off()) {
    const auto& limited = p.rate_limited_retry_back_off();
    if (limited.has_max_interval()) out.reset_max = to_duration(limited.max_interval());
    for (const auto& header : limited.reset_headers())
      out.reset_headers.push_back({lowered(header.name()), header.format() == rt::RetryPolicy::UNIX_TIMESTAMP});
  }
  if (p.host_selection_retry_max_attempts() > 0)
    out.host_attempts_max = static_cast<int>(std::min<std::int64_t>(p.host_selection_retry_max_attempts(), 100));
  auto take = [](const auto& matchers, std::vector<HeaderMatch>& to) -> Checked<> {
    for (const auto& m : matchers) {
      auto match = HeaderMatch::compile(m);
      if (!match) return refuse(match.error());
      to.push_back(std::move(*match));
    }
    return {};
  };
  if (auto ok = take(p.retriable_headers(), out.headers); !ok) return refuse(ok.error());
  if (auto ok = take(p.retriable_request_headers(), out.request_headers); !ok) return refuse(ok.error());
  return out;
}

Checked<HashPolicy> compile_hash(const rt::RouteAction::HashPolicy& p) {
  using P = rt::RouteAction::HashPolicy;
  using Kind = HashPolicy::Kind;
  HashPolicy out;
  out.terminal = p.terminal();
  switch (p.policy_specifier_case()) {
    case P::kHeader:
      out.kind = Kind::header;
      out.name = lowered(p.header().header_name());
      if (p.header().has_regex_rewrite()) {
        auto regex = Regex::compile(p.header().regex_rewrite().pattern().regex());
        if (!regex) return refuse(regex.error());
        out.rewrite = std::move(*regex);
        out.substitution = p.header().regex_rewrite().substitution();
      }
      break;
    case P::kCookie:
      out.kind = Kind::cookie;
      out.name = p.cookie().name();
      out.cookie_path = p.cookie().path();
      if (p.cookie().has_ttl()) out.cookie_seconds = p.cookie().ttl().seconds();
      break;
    case P::kConnectionProperties:
      if (p.connection_properties().source_ip()) out.kind = Kind::source_ip;
      break;
    case P::kQueryParameter:
      out.kind = Kind::query_parameter;
      out.name = p.query_parameter().name();
      break;
    default: break;  // filter state is never set in a simulated proxy
  }
  return out;
}

Checked<Forward> compile_forward(const rt::RouteAction& a, std::set<std::string>& clusters) {
  Forward out;
  auto shared = to_labels(a.metadata_match(), "envoy.lb");
  switch (a.cluster_specifier_case()) {
    case rt::RouteAction::kCluster: {
      ClusterChoice choice;
      choice.cluster = a.cluster();
      choice.subset = std::move(shared);
      out.clusters.push_back(std::move(choice));
      break;
    }
    case rt::RouteAction::kWeightedClusters: {
      out.weight_total = 0;
      for (const auto& c : a.weighted_clusters().clusters()) {
        if (c.name().empty() && c.cluster_header().empty())
          return refuse("At least one of name or cluster_header need to be specified");
        ClusterChoice choice;
        choice.cluster = c.name();
        choice.weight = c.weight().value();
        choice.subset = to_labels(c.metadata_match(), "envoy.lb");
        choice.subset.insert(shared.begin(), shared.end());
        choice.request = request_edits(c);
        choice.response = response_edits(c);
        auto filters = filter_overrides(c);
        if (!filters) return refuse(filters.error());
        choice.overrides = std::move(*filters);
        out.weight_total += choice.weight;
        out.clusters.push_back(std::move(choice));
      }
      if (out.weight_total == 0) return refuse("Sum of weights in the weighted_cluster must be greater than 0.");
      if (a.weighted_clusters().has_total_weight() && a.weighted_clusters().total_weight().value() != out.weight_total)
        return refuse("Sum of weights in the weighted_cluster should be " +
                      std::to_string(a.weighted_clusters().total_weight().value()));
      break;
    }
    case rt::RouteAction::kClusterHeader:
      out.cluster_header = lowered(a.cluster_header());
      out.header_subset = std::move(shared);
      break;
    default: return refuse("a cluster specifier that is not simulated");
  }
  for (const auto& c : out.clusters)
    if (!c.cluster.empty()) clusters.insert(c.cluster);
  if (a.has_timeout()) out.timeout = to_duration(a.timeout());
  if (a.has_idle_timeout()) out.idle_timeout = to_duration(a.idle_timeout());
  if (a.has_retry_policy()) {
    auto retry = compile_retry(a.retry_policy());
    if (!retry) return refuse(retry.error());
    out.retry = std::move(*retry);
  }
  for (const auto& p : a.hash_policy()) {
    auto hash = compile_hash(p);
    if (!hash) return refuse(hash.error());
    out.hash.push_back(std::move(*hash));
  }
  for (const auto& p : a.request_mirror_policies()) {
    Mirror mirror;
    mirror.cluster = p.cluster();
    if (p.has_runtime_fraction()) mirror.share = Fraction::of(p.runtime_fraction().default_value());
    mirror.keep_authority = p.disable_shadow_host_suffix_append();
    out.mirrors.push_back(std::move(mirror));
  }
  out.prefix_rewrite = a.prefix_rewrite();
  out.host_rewrite = a.host_rewrite_literal();
  if (a.has_regex_rewrite()) {
    if (!out.prefix_rewrite.empty()) return refuse("Cannot specify both regex_rewrite and prefix_rewrite");
    auto regex = Regex::compile(a.regex_rewrite().pattern().regex());
    if (!regex) return refuse(regex.error());
    out.regex_rewrite = std::move(*regex);
    out.regex_substitution = a.regex_rewrite().substitution();
  }
  if (a.cluster_not_found_response_code() == rt::RouteAction::NOT_FOUND) out.not_found_status = 404;
  if (a.cluster_not_found_response_code() == rt::RouteAction::INTERNAL_SERVER_ERROR) out.not_found_status = 500;
  out.high_priority = a.priority() == core::HIGH;
  return out;
}

Redirect compile_redirect(const rt::RedirectAction& r) {
  Redirect out;
  static constexpr int codes[] = {301, 302, 303, 307, 308};
  out.status = codes[std::clamp(static_cast<int>(r.response_code()), 0, 4)];
  out.host = r.host_redirect();
  out.path = r.path_redirect();
  out.prefix = r.prefix_rewrite();
  out.scheme = r.https_redirect() ? "https" : r.scheme_redirect();
  out.port = r.port_redirect();
  out.strip_query = r.strip_query();
  return out;
}

Checked<> compile_match(const rt::RouteMatch& m, Route& out) {
  using M = rt::RouteMatch;
  switch (m.path_specifier_case()) {
    case M::kPrefix: out.kind = Route::Path::prefix, out.path = m.prefix(); break;
    case M::kPath: out.kind = Route::Path::exact, out.path = m.path(); break;
    case M::kPathSeparatedPrefix: out.kind = Route::Path::separated_prefix, out.path = m.path_separated_prefix(); break;
    case M::kConnectMatcher: out.kind = Route::Path::connect; break;
    case M::kSafeRegex: {
      out.kind = Route::Path::regex;
      auto regex = Regex::compile(m.safe_regex().regex());
      if (!regex) return refuse(regex.error());
      out.regex = std::move(*regex);
      break;
    }
    default: return refuse("a path matcher that is not simulated");
  }
  out.case_sensitive = !m.has_case_sensitive() || m.case_sensitive().value();
  if (!out.case_sensitive) out.path = lowered(out.path);
  out.grpc_only = m.has_grpc();
  for (const auto& h : m.headers()) {
    auto match = HeaderMatch::compile(h);
    if (!match) return refuse(match.error());
    out.headers.push_back(std::move(*match));
  }
  for (const auto& q : m.query_parameters()) {
    auto match = QueryMatch::compile(q);
    if (!match) return refuse(match.error());
    out.queries.push_back(std::move(*match));
  }
  if (m.has_runtime_fraction()) out.fraction = Fraction::of(m.runtime_fraction().default_value());
  return {};
}

Checked<Route> compile_route(const rt::Route& r, std::set<std::string>& clusters) {
  Route out;
  out.name = r.name();
  if (auto ok = compile_match(r.match(), out); !ok) return refuse(ok.error());
  switch (r.action_case()) {
    case rt::Route::kRoute: {
      auto forward = compile_forward(r.route(), clusters);
      if (!forward) return refuse(forward.error());
      out.action = std::move(*forward);
      break;
    }
    case rt::Route::kRedirect: out.action = compile_redirect(r.redirect()); break;
    case rt::Route::kDirectResponse:
      out.action =
          DirectResponse{static_cast<int>(r.direct_response().status()),
                         r.direct_response().body().has_inline_bytes() ? r.direct_response().body().inline_bytes()
                                                                       : r.direct_response().body().inline_string()};
      break;
    default: return refuse("a route action that is not simulated");
  }
  out.request = request_edits(r);
  out.response = response_edits(r);
  auto filters = filter_overrides(r);
  if (!filters) return refuse(filters.error());
  out.overrides = std::move(*filters);
  return out;
}

std::string without_port(const std::string& authority) {
  auto colon = authority.rfind(':');
  if (colon == std::string::npos || authority.find(']', colon) != std::string::npos) return authority;
  return authority.substr(0, colon);
}

}  // namespace

std::optional<Duration> RetryPolicy::reset_after(const Headers& response, std::chrono::seconds unix_now) const {
  const auto most = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(reset_max).count());
  for (const auto& header : reset_headers) {
    auto found = std::ranges::find(response, header.name, &Headers::value_type::first);  // of several the first
    if (found == response.end()) continue;
    const std::string& text = found->second;
    std::uint64_t seconds = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size()) continue;
    const auto now = static_cast<std::uint64_t>(unix_now.count());
    if (header.timestamp) seconds -= std::min(seconds, now);
    if (seconds > 0 && seconds <= most) return std::chrono::seconds(seconds);
  }
  return std::nullopt;
}

bool Route::matches(const std::string& path_and_query, const Headers& in, Random& random) const {
  auto question = path_and_query.find('?');
  auto bare = path_and_query.substr(0, question);
  auto query = question == std::string::npos ? std::string() : path_and_query.substr(question + 1);
  auto folded = case_sensitive ? bare : lowered(bare);
  bool hit = false;
  switch (kind) {
    case Path::prefix: hit = folded.starts_with(path); break;
    case Path::exact: hit = folded == path; break;
    case Path::separated_prefix:
      hit = folded.starts_with(path) && (folded.size() == path.size() || folded[path.size()] == '/');
      break;
    case Path::regex: hit = regex->matches(bare); break;
    case Path::connect: hit = false; break;
  }
  if (!hit) return false;
  if (grpc_only && !is_grpc(in)) return false;
  if (!std::all_of(headers.begin(), headers.end(), [&](const auto& h) { return h.matches(in); })) return false;
  if (!std::all_of(queries.begin(), queries.end(), [&](const auto& q) { return q.matches(query); })) return false;
  return !fraction || random.below(fraction->per) < fraction->count;
}

std::size_t Route::matched(std::size_t path_size) const {
  bool prefix = kind == Path::prefix || kind == Path::separated_prefix;
  return prefix ? std::min(path.size(), path_size) : path_size;
}

std::string Route::rewritten(const std::string& path_and_query) const {
  const auto* forward = std::get_if<Forward>(&action);
  if (!forward) return path_and_query;
  if (!forward->prefix_rewrite.empty()) {
    auto end = std::min(path_and_query.find('?'), path_and_query.size());
    return forward->prefix_rewrite + path_and_query.substr(matched(end));
  }
  if (forward->regex_rewrite) {
    auto end = std::min(path_and_query.find('?'), path_and_query.size());
    return forward->regex_rewrite->replace(path_and_query.substr(0, end), forward->regex_substitution) +
           path_and_query.substr(end);
  }
  return path_and_query;
}

Checked<RouteConfigPtr> RouteConfig::compile(const rt::RouteConfiguration& config) {
  auto out = std::make_shared<RouteConfig>();
  out->name_ = config.name();
  out->request_ = request_edits(config);
  out->response_ = response_edits(config);
  out->ignore_port_ = config.ignore_port_in_host_matching();
  if (config.has_validate_clusters()) out->validate_clusters_ = config.validate_clusters().value();
  auto filters = filter_overrides(config);
  if (!filters) return refuse(filters.error());
  out->overrides_ = std::move(*filters);
  std::set<std::string> names;
  for (const auto& v : config.virtual_hosts()) {
    if (!names.insert(v.name()).second)
      return refuse("Only unique names for virtual hosts are permitted. Duplicate entry of virtual host " + v.name());
    VirtualHost host;
    host.name = v.name();
    host.request = request_edits(v);
    host.response = response_edits(v);
    host.require_tls = v.require_tls() == rt::VirtualHost::ALL || v.require_tls() == rt::VirtualHost::EXTERNAL_ONLY;
    if (v.has_retry_policy()) {
      auto retry = compile_retry(v.retry_policy());
      if (!retry) return refuse(retry.error());
      host.retry = std::move(*retry);
    }
    auto per_host = filter_overrides(v);
    if (!per_host) return refuse(per_host.error());
    host.overrides = std::move(*per_host);
    for (const auto& r : v.routes()) {
      auto route = compile_route(r, out->clusters_);
      if (!route) return refuse(route.error());
      host.routes.push_back(std::move(*route));
    }
    auto index = out->hosts_.size();
    for (const auto& d : v.domains()) {
      auto domain = lowered(d);
      bool fresh = true;
      if (domain == "*") {
        if (out->catch_all_) return refuse("Only a single wildcard domain is permitted in route " + config.name());
        out->catch_all_ = index;
      } else if (domain.starts_with("*")) {
        fresh = out->suffixes_[domain.size() - 1].emplace(domain.substr(1), index).second;
      } else if (domain.ends_with("*")) {
        fresh = out->prefixes_[domain.size() - 1].emplace(domain.substr(0, domain.size() - 1), index).second;
      } else {
        fresh = out->exact_.emplace(domain, index).second;
      }
      if (!fresh)
        return refuse("Only unique values for domains are permitted. Duplicate entry of domain " + d + " in route " +
                      config.name());
    }
    out->hosts_.push_back(std::move(host));
  }
  return out;
}

const VirtualHost* RouteConfig::host(const std::string& authority) const {
  auto name = lowered(ignore_port_ ? without_port(authority) : authority);
  if (auto found = exact_.find(name); found != exact_.end()) return &hosts_[found->second];
  for (const auto& [length, domains] : suffixes_) {
    // The wildcard stands for at least one character.
    if (length >= name.size()) continue;
    if (auto found = domains.find(name.substr(name.size() - length)); found != domains.end())
      return &hosts_[found->second];
  }
  for (const auto& [length, domains] : prefixes_) {
    if (length >= name.size()) continue;
    if (auto found = domains.find(name.substr(0, length)); found != domains.end()) return &hosts_[found->second];
  }
  return catch_all_ ? &hosts_[*catch_all_] : nullptr;
}

std::vector<std::string> RouteConfig::domains() const {
  std::vector<std::string> out;
  for (const auto& [domain, host] : exact_) out.push_back(domain);
  for (const auto& [length, domains] : suffixes_)
    for (const auto& [domain, host] : domains) out.push_back("*" + domain);
  for (const auto& [length, domains] : prefixes_)
    for (const auto& [domain, host] : domains) out.push_back(domain + "*");
  if (catch_all_) out.emplace_back("*");
  return out;
}

}  // namespace kumasim::sim::proxy
