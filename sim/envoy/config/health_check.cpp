#include "sim/envoy/config/health_check.hpp"

#include <algorithm>
#include <iterator>

#include <boost/algorithm/hex.hpp>

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/core/v3/health_check.pb.h"
#include "sim/envoy/config/proto_time.hpp"

namespace kumasim::sim::proxy {
namespace {

namespace core = ::envoy::config::core::v3;

Duration whole(const ::google::protobuf::Duration& d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(to_duration(d));
}

Checked<std::string> bytes_of(const core::HealthCheck::Payload& payload) {
  if (payload.payload_case() == core::HealthCheck::Payload::kBinary) return payload.binary();
  std::string out;
  try {
    boost::algorithm::unhex(payload.text(), std::back_inserter(out));
  } catch (const boost::algorithm::hex_decode_error&) {
    return refuse("invalid hex string '" + payload.text() + "'");
  }
  return out;
}

template <class Payloads>
Checked<> take_receive(const Payloads& payloads, HealthCheck& out) {
  for (const auto& payload : payloads) {
    auto bytes = bytes_of(payload);
    if (!bytes) return refuse(bytes.error());
    out.receive.push_back(std::move(*bytes));
  }
  return {};
}

template <class Ranges>
Checked<> take_statuses(const Ranges& ranges, const std::string& what, HealthCheck::Statuses& out) {
  if (!ranges.empty()) out.clear();
  for (const auto& range : ranges) {
    auto start = std::to_string(range.start()), end = std::to_string(range.end());
    auto wrong = "Invalid http " + what + " status range: expecting ";
    if (range.start() >= range.end())
      return refuse(wrong + "start < end, but found start=" + start + " and end=" + end);
    if (range.start() < 100) return refuse(wrong + "start >= 100, but found start=" + start);
    if (range.end() > 600) return refuse(wrong + "end <= 600, but found end=" + end);
    out.emplace_back(range.start(), range.end());
  }
  return {};
}

Checked<> take_http(const core::HealthCheck::HttpHealthCheck& in, HealthCheck& out) {
  out.kind = HealthCheck::Kind::http;
  out.host = in.host();
  out.path = in.path();
  if (in.method() != core::METHOD_UNSPECIFIED) out.method = core::RequestMethod_Name(in.method());
  out.headers = header_edits(in.request_headers_to_add(), in.request_headers_to_remove());
  if (auto ok = take_statuses(in.expected_statuses(), "expected", out.expected); !ok) return ok;
  if (auto ok = take_statuses(in.retriable_statuses(), "retriable", out.retriable); !ok) return ok;
  if (in.has_send()) {
    if (out.method == "GET" || out.method == "HEAD" || out.method == "DELETE" || out.method == "TRACE")
      return refuse(
          "HTTP health check cannot specify a request payload with method '" + out.method +
          "'. Only methods that support a request body (POST, PUT, PATCH, OPTIONS) can be used with payload.");
    auto bytes = bytes_of(in.send());
    if (!bytes) return refuse(bytes.error());
    out.send = std::move(*bytes);
  }
  return take_receive(in.receive(), out);
}

Checked<> take_tcp(const core::HealthCheck::TcpHealthCheck& in, HealthCheck& out) {
  out.kind = HealthCheck::Kind::tcp;
  auto bytes = bytes_of(in.send());
  if (!bytes) return refuse(bytes.error());
  out.send = std::move(*bytes);
  return take_receive(in.receive(), out);
}

void take_rhythm(const core::HealthCheck& in, HealthCheck& out) {
  constexpr Duration no_traffic_default = std::chrono::seconds(60);
  out.timeout = whole(in.timeout());
  out.interval = whole(in.interval());
  out.no_traffic = in.has_no_traffic_interval() ? whole(in.no_traffic_interval()) : no_traffic_default;
  out.no_traffic_healthy =
      in.has_no_traffic_healthy_interval() ? whole(in.no_traffic_healthy_interval()) : out.no_traffic;
  out.unhealthy = in.has_unhealthy_interval() ? whole(in.unhealthy_interval()) : out.interval;
  out.unhealthy_edge = in.has_unhealthy_edge_interval() ? whole(in.unhealthy_edge_interval()) : out.unhealthy;
  out.healthy_edge = in.has_healthy_edge_interval() ? whole(in.healthy_edge_interval()) : out.interval;
  out.initial_jitter = whole(in.initial_jitter());
  out.interval_jitter = whole(in.interval_jitter());
  out.interval_jitter_percent = in.interval_jitter_percent();
  out.unhealthy_threshold = in.unhealthy_threshold().value();
  out.healthy_threshold = in.healthy_threshold().value();
  if (in.has_reuse_connection()) out.reuse_connection = in.reuse_connection().value();
}

}  // namespace

bool HealthCheck::among(const Statuses& ranges, std::int64_t status) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const auto& range) { return status >= range.first && status < range.second; });
}

bool HealthCheck::passes(const std::string& body) const {
  std::size_t at = 0;
  for (const auto& part : receive) {
    at = body.find(part, at);
    if (at == std::string::npos) return false;
    at += part.size();
  }
  return true;
}

Checked<HealthCheckPtr> HealthCheck::compile(const ::envoy::config::cluster::v3::Cluster& in, bool http2) {
  if (in.health_checks().empty()) return HealthCheckPtr();
  if (in.health_checks_size() > 1 &&
      std::any_of(in.health_checks().begin(), in.health_checks().end(), [](const auto& c) { return c.name().empty(); }))
    return refuse("all health checks must have a name when multiple health checks are configured");
  const auto& check = in.health_checks(0);
  auto out = std::make_shared<HealthCheck>();
  take_rhythm(check, *out);
  Checked<> ok;
  if (check.has_http_health_check()) {
    ok = take_http(check.http_health_check(), *out);
  } else if (check.has_tcp_health_check()) {
    ok = take_tcp(check.tcp_health_check(), *out);
  } else if (check.has_grpc_health_check()) {
    if (!http2) return refuse(in.name() + " cluster must support HTTP/2 for gRPC healthchecking");
    const auto& grpc = check.grpc_health_check();
    out->kind = Kind::grpc;
    out->host = grpc.authority();
    out->service = grpc.service_name();
    out->headers = header_edits(grpc.initial_metadata(), {});
  } else {
    return refuse("Didn't find a registered implementation for '" + check.custom_health_check().name() + "'");
  }
  if (!ok) return refuse(ok.error());
  return HealthCheckPtr(std::move(out));
}

}  // namespace kumasim::sim::proxy
