/// A route configuration, indexed for matching: virtual hosts by domain in Envoy's precedence, then routes in order.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "kumasim/runtime/random.hpp"
#include "sim/envoy/config/header_edits.hpp"
#include "sim/envoy/config/http_filter.hpp"
#include "sim/envoy/config/metadata.hpp"

namespace envoy::config::route::v3 {
class RouteConfiguration;
}

namespace kumasim::sim::proxy {

struct RetryPolicy {
  enum On : unsigned {
    on_5xx = 1,
    on_gateway_error = 2,
    on_connect_failure = 4,
    on_reset = 8,
    on_retriable_4xx = 16,
    on_refused_stream = 32,
    on_status_codes = 64,
    on_reset_before_request = 128,
    on_headers = 256
  };
  unsigned on = 0;
  std::set<int> grpc_statuses;  ///< of a response's headers
  std::set<int> status_codes;
  std::vector<HeaderMatch> headers;          ///< of a response, for on_headers
  std::vector<HeaderMatch> request_headers;  ///< not empty: only a request with one of them is tried again
  unsigned retries_max = 1;
  Duration try_timeout = {};  ///< zero: none
  Duration backoff_base = std::chrono::milliseconds(25);
  Duration backoff_max = std::chrono::milliseconds(250);
  bool avoid_previous_hosts = false;
  std::vector<Labels> omitted_hosts;  ///< those that have all labels of one
  int host_attempts_max = 1;
  unsigned priority_update_every = 0;  ///< after so many attempts their priorities are left out; zero: they never are
  struct ResetHeader {
    std::string name;
    bool timestamp = false;  ///< seconds since 1970; else from now
  };
  std::vector<ResetHeader> reset_headers;          ///< of a response, which tell when to try again
  Duration reset_max = std::chrono::seconds(300);  ///< a header that tells a longer time is not heeded

  /// Of a response, what its headers tell; nullopt: the usual back-off.
  std::optional<Duration> reset_after(const Headers& response, std::chrono::seconds unix_now) const;
};

struct ClusterChoice {
  std::string cluster;
  std::uint64_t weight = 1;
  Labels subset;
  HeaderEdits request, response;
  FilterOverrides overrides;
};

/// What a request's hash is made of, for consistent balancing.
struct HashPolicy {
  enum class Kind : std::uint8_t { header, cookie, source_ip, query_parameter, nothing };
  Kind kind = Kind::nothing;
  std::string name;
  std::optional<Regex> rewrite;  ///< of a header's value
  std::string substitution;
  std::optional<std::int64_t> cookie_seconds;  ///< set: a client without the cookie is given one
  std::string cookie_path;
  bool terminal = false;
};

/// A copy of the request goes there; nobody waits for its answer.
struct Mirror {
  std::string cluster;
  std::optional<Fraction> share;
  bool keep_authority = false;  ///< else the host's name gets "-shadow"
};

struct Forward {
  std::vector<ClusterChoice> clusters;  ///< one, or the weighted ones
  std::uint64_t weight_total = 1;
  std::string cluster_header;
  Labels header_subset;                         ///< of the cluster that the header names
  Duration timeout = std::chrono::seconds(15);  ///< zero: none
  std::optional<Duration> idle_timeout;
  std::optional<RetryPolicy> retry;
  std::string prefix_rewrite, host_rewrite, regex_substitution;
  std::optional<Regex> regex_rewrite;
  int not_found_status = 503;
  bool high_priority = false;
  std::vector<HashPolicy> hash;
  std::vector<Mirror> mirrors;
};

struct Redirect {
  int status = 301;
  std::string host, path, prefix, scheme;
  std::uint32_t port = 0;
  bool strip_query = false;
};

struct DirectResponse {
  int status = 200;
  std::string body;
};

struct Route {
  enum class Path : std::uint8_t { prefix, exact, regex, separated_prefix, connect };
  std::string name;  ///< as configured; empty where it is not
  Path kind = Path::prefix;
  std::string path;
  bool case_sensitive = true;
  bool grpc_only = false;
  std::optional<Regex> regex;
  std::vector<HeaderMatch> headers;
  std::vector<QueryMatch> queries;
  std::optional<Fraction> fraction;
  std::variant<Forward, Redirect, DirectResponse> action;
  HeaderEdits request, response;
  FilterOverrides overrides;

  bool matches(const std::string& path_and_query, const Headers& headers, Random& random) const;
  /// How much of a path that it matches a rewritten prefix replaces: of an exact or regex route the whole path.
  std::size_t matched(std::size_t path_size) const;
  /// The path with prefix_rewrite or regex_rewrite done.
  std::string rewritten(const std::string& path_and_query) const;
};

struct VirtualHost {
  std::string name;
  std::vector<Route> routes;
  std::optional<RetryPolicy> retry;
  HeaderEdits request, response;
  FilterOverrides overrides;
  bool require_tls = false;
};

class RouteConfig {
 public:
  static Checked<std::shared_ptr<const RouteConfig>> compile(
      const ::envoy::config::route::v3::RouteConfiguration& config);

  /// Exact domain, then the longest suffix wildcard (*.a), then the longest prefix wildcard (a.*), then `*`.
  const VirtualHost* host(const std::string& authority) const;
  /// All that hosts are for, in lower case: `a.b`, `*.b`, `a.*`, `*`.
  std::vector<std::string> domains() const;

  const std::string& name() const { return name_; }
  const HeaderEdits& request() const { return request_; }
  const HeaderEdits& response() const { return response_; }
  const FilterOverrides& overrides() const { return overrides_; }
  /// Clusters that routes name, for validate_clusters.
  const std::set<std::string>& clusters() const { return clusters_; }
  std::optional<bool> validate_clusters() const { return validate_clusters_; }

 private:
  std::string name_;
  std::vector<VirtualHost> hosts_;
  std::map<std::string, std::size_t> exact_;
  std::map<std::size_t, std::map<std::string, std::size_t>, std::greater<>> suffixes_, prefixes_;  ///< by length
  std::optional<std::size_t> catch_all_;
  bool ignore_port_ = false;
  std::optional<bool> validate_clusters_;
  std::set<std::string> clusters_;
  HeaderEdits request_, response_;
  FilterOverrides overrides_;
};
using RouteConfigPtr = std::shared_ptr<const RouteConfig>;

}  // namespace kumasim::sim::proxy
