/// A listener, compiled: filter chains with their match, TLS and network filters down to the HTTP routes.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "sim/envoy/config/listener_filter.hpp"
#include "sim/envoy/config/route.hpp"
#include "sim/envoy/config/tls_context.hpp"

namespace envoy::config::listener::v3 {
class Listener;
}

namespace kumasim::sim::proxy {

struct HttpConnectionManager {
  std::string stat_prefix;
  RouteConfigPtr routes;  ///< inline
  std::string rds;        ///< name of the route configuration that is discovered; empty: inline
  std::vector<HttpFilterPtr> filters;
  Duration stream_idle_timeout = std::chrono::minutes(5);
  Duration request_timeout = {};
  Duration idle_timeout = std::chrono::hours(1);
  enum class EscapedSlashes : std::uint8_t { keep, reject, redirect, unescape };
  EscapedSlashes escaped_slashes = EscapedSlashes::keep;  ///< what becomes of %2F and %5C in a path
  bool normalize_path = false, merge_slashes = false;
  bool strip_any_port = false, strip_matching_port = false;
  bool sanitize_client_cert = true;  ///< x-forwarded-client-cert of the client is dropped
  bool set_client_cert_uri = false;
};

struct TcpProxy {
  std::string stat_prefix;
  std::vector<ClusterChoice> clusters;
  std::uint64_t weight_total = 1;
  unsigned connect_attempts_max = 1;
  Duration idle_timeout = std::chrono::hours(1);
};

struct DirectReply {
  std::string body;
};

/// Of new connections: each takes a token, and without one it is closed at once.
struct ConnectionLimit : TokenLimit {
  std::string stat_prefix;
  std::string share_key;  ///< filters of one key and one bucket's measures share it; empty: it is the filter's own
};

struct NetworkFilter {
  std::string name;
  std::variant<PassFilter, RbacFilter, ConnectionLimit, HttpConnectionManager, TcpProxy, DirectReply> what;
};

/// Criteria in Envoy's order. An empty list is "any".
struct FilterChainMatch {
  std::optional<std::uint32_t> destination_port;
  std::vector<AddressRange> prefix_ranges;
  std::vector<std::string> server_names;
  std::string transport_protocol;
  std::vector<std::string> application_protocols;
  std::vector<AddressRange> direct_source_ranges, source_ranges;
  int source_type = 0;
  std::vector<std::uint32_t> source_ports;
  bool operator==(const FilterChainMatch&) const = default;
};

struct FilterChain {
  std::string name;
  FilterChainMatch match;
  std::optional<TlsContext> tls;  ///< none: plain
  std::vector<NetworkFilter> filters;
  std::string hash;  ///< of its bytes: an update that leaves a chain as it is does not drain it
};
using FilterChainPtr = std::shared_ptr<const FilterChain>;

/// What a new connection shows before a chain is chosen.
struct Hello {
  std::string destination_ip;
  std::uint16_t destination_port = 0;
  std::string source_ip;
  std::uint16_t source_port = 0;
  bool tls = false;
  std::string server_name = {};
  std::vector<std::string> application_protocols = {};  ///< of a TLS hello; of plain bytes what an inspector sees
  std::vector<std::string> ciphers = {};                ///< of TLS below 1.3; none: Envoy's own
};

struct Listener {
  std::string name;
  std::string host;
  std::uint16_t port = 0;
  bool pipe = false;
  bool udp = false;
  bool bind = true;
  bool use_original_dst = false;
  bool outbound = false;
  bool sees_http = false;  ///< an HTTP inspector stands before the chains
  bool sees_tls = false;   ///< a TLS inspector stands before the chains (also when the match rules make Envoy add one)
  ListenerFilterOff http_inspector_off, tls_inspector_off;
  std::vector<FilterChainPtr> chains;
  FilterChainPtr default_chain;
  std::set<std::string> secrets, route_configs;  ///< discovered ones that it needs
  std::set<std::string> clusters;                ///< which inline routes with validate_clusters name
  std::string version = {};
  std::string rest;  ///< its bytes without filter chains: an update that leaves them as they are is made in place

  /// Most specific criterion first and no way back, as Envoy; null: none fits and the connection is closed.
  FilterChainPtr find(const Hello& hello) const;

  static Checked<std::shared_ptr<const Listener>> compile(const ::envoy::config::listener::v3::Listener& listener,
                                                          CertificateStore& store);
};
using ListenerPtr = std::shared_ptr<const Listener>;

}  // namespace kumasim::sim::proxy
