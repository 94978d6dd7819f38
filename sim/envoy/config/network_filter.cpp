#include "sim/envoy/config/network_filter.hpp"

#include "envoy/config/core/v3/protocol.pb.h"
#include "envoy/config/route/v3/route.pb.h"
#include "envoy/extensions/filters/network/direct_response/v3/config.pb.h"
#include "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h"
#include "envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit.pb.h"
#include "envoy/extensions/filters/network/rbac/v3/rbac.pb.h"
#include "envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h"
#include "sim/envoy/config/extensions.hpp"
#include "sim/envoy/config/proto_time.hpp"
#include "sim/envoy/config/validate.hpp"

namespace kumasim::sim::proxy {
namespace {

namespace net = ::envoy::extensions::filters::network;
namespace hcm = net::http_connection_manager::v3;

Checked<> take_filters(const hcm::HttpConnectionManager& m, HttpConnectionManager& out) {
  int count = m.http_filters_size();
  if (count == 0) return {};  // Envoy refuses it: "no HTTP filters" is a chain without a terminal filter
  for (int i = 0; i < count; ++i) {
    const auto& f = m.http_filters(i);
    if (f.has_config_discovery()) return refuse("extension config discovery is not simulated");
    if (f.is_optional() && !known_extension(ExtensionCategory::http_filter, f.name(), f.typed_config().type_url()))
      continue;
    auto filter = compile_http_filter(f.name(), f.typed_config());
    if (!filter) return refuse(filter.error());
    bool terminal = std::holds_alternative<RouterFilter>((*filter)->what);
    auto type = type_name(f.typed_config().type_url());
    if (terminal && i + 1 < count)
      return refuse("Error: terminal filter named " + f.name() + " of type " + type +
                    " must be the last filter in a http filter chain.");
    if (!terminal && i + 1 == count)
      return refuse("Error: non-terminal filter named " + f.name() + " of type " + type +
                    " is the last filter in a http filter chain.");
    if (f.disabled()) *filter = std::make_shared<const HttpFilter>(HttpFilter{f.name(), DisabledFilter{}});
    out.filters.push_back(std::move(*filter));
  }
  return {};
}

Checked<HttpConnectionManager> compile_hcm(const hcm::HttpConnectionManager& m) {
  using M = hcm::HttpConnectionManager;
  HttpConnectionManager out;
  out.stat_prefix = m.stat_prefix();
  switch (m.route_specifier_case()) {
    case M::kRds: out.rds = m.rds().route_config_name(); break;
    case M::kRouteConfig: {
      auto routes = RouteConfig::compile(m.route_config());
      if (!routes) return refuse(routes.error());
      out.routes = std::move(*routes);
      break;
    }
    default: return refuse("scoped routes are not simulated");
  }
  if (auto ok = take_filters(m, out); !ok) return refuse(ok.error());
  for (const auto& log : m.access_log())
    if (auto ok = known_extension(ExtensionCategory::access_logger, log.name(), log.typed_config().type_url()); !ok)
      return refuse(ok.error());
  if (m.has_stream_idle_timeout()) out.stream_idle_timeout = to_duration(m.stream_idle_timeout());
  if (m.has_request_timeout()) out.request_timeout = to_duration(m.request_timeout());
  if (m.common_http_protocol_options().has_idle_timeout())
    out.idle_timeout = to_duration(m.common_http_protocol_options().idle_timeout());
  out.normalize_path = m.normalize_path().value();
  out.merge_slashes = m.merge_slashes();
  using Slashes = HttpConnectionManager::EscapedSlashes;
  switch (m.path_with_escaped_slashes_action()) {
    case M::REJECT_REQUEST: out.escaped_slashes = Slashes::reject; break;
    case M::UNESCAPE_AND_REDIRECT: out.escaped_slashes = Slashes::redirect; break;
    case M::UNESCAPE_AND_FORWARD: out.escaped_slashes = Slashes::unescape; break;
    default: out.escaped_slashes = Slashes::keep;
  }
  out.strip_any_port = m.strip_any_host_port();
  out.strip_matching_port = m.strip_matching_host_port();
  auto forwarded = m.forward_client_cert_details();
  out.sanitize_client_cert = forwarded == M::SANITIZE || forwarded == M::SANITIZE_SET;
  out.set_client_cert_uri =
      (forwarded == M::SANITIZE_SET || forwarded == M::APPEND_FORWARD) && m.set_current_client_cert_details().uri();
  return out;
}

Checked<TcpProxy> compile_tcp(const net::tcp_proxy::v3::TcpProxy& m) {
  TcpProxy out;
  out.stat_prefix = m.stat_prefix();
  auto shared = to_labels(m.metadata_match(), "envoy.lb");
  if (m.has_weighted_clusters()) {
    out.weight_total = 0;
    for (const auto& c : m.weighted_clusters().clusters()) {
      ClusterChoice choice;
      choice.cluster = c.name();
      choice.weight = c.weight();
      choice.subset = to_labels(c.metadata_match(), "envoy.lb");
      choice.subset.insert(shared.begin(), shared.end());
      out.weight_total += choice.weight;
      out.clusters.push_back(std::move(choice));
    }
  } else {
    ClusterChoice choice;
    choice.cluster = m.cluster();
    choice.subset = std::move(shared);
    out.clusters.push_back(std::move(choice));
  }
  if (m.has_max_connect_attempts()) out.connect_attempts_max = m.max_connect_attempts().value();
  if (m.has_idle_timeout()) out.idle_timeout = to_duration(m.idle_timeout());
  for (const auto& log : m.access_log())
    if (auto ok = known_extension(ExtensionCategory::access_logger, log.name(), log.typed_config().type_url()); !ok)
      return refuse(ok.error());
  return out;
}

Checked<RbacFilter> compile_rbac(const net::rbac::v3::RBAC& m) {
  RbacFilter out;
  Checked<RbacEngine> engine, shadow;
  if (m.has_matcher())
    engine = RbacEngine::compile(m.matcher());
  else if (m.has_rules())
    engine = RbacEngine::compile(m.rules());
  if (!engine) return refuse(engine.error());
  if (m.has_matcher() || m.has_rules()) out.rules = std::move(*engine);
  if (m.has_shadow_matcher())
    shadow = RbacEngine::compile(m.shadow_matcher());
  else if (m.has_shadow_rules())
    shadow = RbacEngine::compile(m.shadow_rules());
  if (!shadow) return refuse(shadow.error());
  if (m.has_shadow_matcher() || m.has_shadow_rules()) out.shadow = std::move(*shadow);
  out.stat_prefix = m.stat_prefix();
  return out;
}

/// Without a word on it the filter is enabled (Envoy: Runtime::FeatureFlag).
Checked<decltype(NetworkFilter::what)> compile_limit(const net::local_ratelimit::v3::LocalRateLimit& m) {
  auto bucket = TokenLimit::compile(m.token_bucket());
  if (!bucket) return refuse(bucket.error());
  if (m.has_runtime_enabled() && !m.runtime_enabled().default_value().value()) return PassFilter{};
  return ConnectionLimit{*bucket, m.stat_prefix(), m.share_key()};
}

template <class Message, class Compile>
Checked<NetworkFilter> made(const std::string& name, const ::google::protobuf::Any& config, Compile compile) {
  Message message;
  if (auto ok = unpack(config, message); !ok) return refuse(ok.error());
  auto what = compile(message);
  if (!what) return refuse(what.error());
  return NetworkFilter{name, std::move(*what)};
}

}  // namespace

Checked<NetworkFilter> compile_network_filter(const std::string& name, const ::google::protobuf::Any& config) {
  if (auto ok = known_extension(ExtensionCategory::network_filter, name, config.type_url()); !ok)
    return refuse(ok.error());
  auto type = type_name(config.type_url());
  if (type == "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager")
    return made<hcm::HttpConnectionManager>(name, config, compile_hcm);
  if (type == "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy")
    return made<net::tcp_proxy::v3::TcpProxy>(name, config, compile_tcp);
  if (type == "envoy.extensions.filters.network.rbac.v3.RBAC")
    return made<net::rbac::v3::RBAC>(name, config, compile_rbac);
  if (type == "envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit")
    return made<net::local_ratelimit::v3::LocalRateLimit>(name, config, compile_limit);
  if (type == "envoy.extensions.filters.network.direct_response.v3.Config")
    return made<net::direct_response::v3::Config>(
        name, config, [](const auto& m) { return Checked<DirectReply>(DirectReply{m.response().inline_string()}); });
  if (type == "envoy.extensions.filters.network.echo.v3.Echo") return NetworkFilter{name, DirectReply{}};
  return NetworkFilter{name, PassFilter{}};
}

bool is_terminal(const NetworkFilter& filter) {
  return std::holds_alternative<HttpConnectionManager>(filter.what) || std::holds_alternative<TcpProxy>(filter.what) ||
         std::holds_alternative<DirectReply>(filter.what);
}

}  // namespace kumasim::sim::proxy
