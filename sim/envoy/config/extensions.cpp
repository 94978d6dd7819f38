#include "sim/envoy/config/extensions.hpp"

#include <array>
#include <algorithm>
#include <string_view>

#include "sim/envoy/config/validate.hpp"

namespace kumasim::sim::proxy {
namespace {

using std::string_view;

/// Types without their common prefix `envoy.extensions.`. Taken from the extension list of Envoy 1.40 (`/server_info`).
constexpr std::array network_filters = {
    string_view("filters.network.http_connection_manager.v3.HttpConnectionManager"),
    string_view("filters.network.tcp_proxy.v3.TcpProxy"),
    string_view("filters.network.rbac.v3.RBAC"),
    string_view("filters.network.direct_response.v3.Config"),
    string_view("filters.network.echo.v3.Echo"),
    string_view("filters.network.ext_authz.v3.ExtAuthz"),
    string_view("filters.network.kafka_broker.v3.KafkaBroker"),
    string_view("filters.network.local_ratelimit.v3.LocalRateLimit"),
    string_view("filters.network.connection_limit.v3.ConnectionLimit"),
    string_view("filters.network.mongo_proxy.v3.MongoProxy"),
    string_view("filters.network.redis_proxy.v3.RedisProxy"),
    string_view("filters.network.sni_cluster.v3.SniCluster"),
    string_view("filters.network.wasm.v3.Wasm"),
};

constexpr std::array http_filters = {
    string_view("filters.http.router.v3.Router"),
    string_view("filters.http.rbac.v3.RBAC"),
    string_view("filters.http.fault.v3.HTTPFault"),
    string_view("filters.http.local_ratelimit.v3.LocalRateLimit"),
    string_view("filters.http.cors.v3.Cors"),
    string_view("filters.http.lua.v3.Lua"),
    string_view("filters.http.ext_authz.v3.ExtAuthz"),
    string_view("filters.http.ext_proc.v3.ExternalProcessor"),
    string_view("filters.http.jwt_authn.v3.JwtAuthentication"),
    string_view("filters.http.health_check.v3.HealthCheck"),
    string_view("filters.http.header_mutation.v3.HeaderMutation"),
    string_view("filters.http.grpc_stats.v3.FilterConfig"),
    string_view("filters.http.grpc_web.v3.GrpcWeb"),
    string_view("filters.http.compressor.v3.Compressor"),
    string_view("filters.http.decompressor.v3.Decompressor"),
    string_view("filters.http.buffer.v3.Buffer"),
    string_view("filters.http.ratelimit.v3.RateLimit"),
    string_view("filters.http.original_src.v3.OriginalSrc"),
    string_view("filters.http.wasm.v3.Wasm"),
    string_view("filters.http.tap.v3.Tap"),
};

constexpr std::array listener_filters = {
    string_view("filters.listener.tls_inspector.v3.TlsInspector"),
    string_view("filters.listener.http_inspector.v3.HttpInspector"),
    string_view("filters.listener.original_dst.v3.OriginalDst"),
    string_view("filters.listener.original_src.v3.OriginalSrc"),
    string_view("filters.listener.proxy_protocol.v3.ProxyProtocol"),
    string_view("filters.listener.local_ratelimit.v3.LocalRateLimit"),
    string_view("filters.udp.dns_filter.v3.DnsFilterConfig"),
    string_view("filters.udp.udp_proxy.v3.UdpProxyConfig"),
};

constexpr std::array transport_sockets = {
    string_view("transport_sockets.tls.v3.DownstreamTlsContext"),
    string_view("transport_sockets.tls.v3.UpstreamTlsContext"),
    string_view("transport_sockets.raw_buffer.v3.RawBuffer"),
    string_view("transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport"),
    string_view("transport_sockets.quic.v3.QuicDownstreamTransport"),
    string_view("transport_sockets.internal_upstream.v3.InternalUpstreamTransport"),
};

constexpr std::array access_loggers = {
    string_view("access_loggers.file.v3.FileAccessLog"),
    string_view("access_loggers.stream.v3.StdoutAccessLog"),
    string_view("access_loggers.stream.v3.StderrAccessLog"),
    string_view("access_loggers.grpc.v3.HttpGrpcAccessLogConfig"),
    string_view("access_loggers.grpc.v3.TcpGrpcAccessLogConfig"),
    string_view("access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig"),
    string_view("access_loggers.wasm.v3.WasmAccessLog"),
};

template <std::size_t n>
bool among(const std::array<string_view, n>& list, string_view type) {
  return std::find(list.begin(), list.end(), type) != list.end();
}

bool known(ExtensionCategory category, string_view type) {
  constexpr string_view common = "envoy.extensions.";
  if (!type.starts_with(common)) return category == ExtensionCategory::other;
  type.remove_prefix(common.size());
  switch (category) {
    case ExtensionCategory::network_filter: return among(network_filters, type);
    case ExtensionCategory::http_filter: return among(http_filters, type);
    case ExtensionCategory::listener_filter: return among(listener_filters, type);
    case ExtensionCategory::transport_socket: return among(transport_sockets, type);
    case ExtensionCategory::access_logger: return among(access_loggers, type);
    case ExtensionCategory::other: return true;
  }
  return false;
}

}  // namespace

Checked<> known_extension(ExtensionCategory category, const std::string& name, const std::string& type_url) {
  auto type = type_name(type_url);
  if (known(category, type)) return {};
  return refuse("Didn't find a registered implementation for '" + name + "' with type URL: '" + type + "'");
}

}  // namespace kumasim::sim::proxy
