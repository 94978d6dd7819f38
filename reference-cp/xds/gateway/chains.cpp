#include "reference-cp/xds/gateway/chains.hpp"

#include <algorithm>
#include <vector>

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/compression/gzip/compressor/v3/gzip.pb.h>
#include <envoy/extensions/filters/http/compressor/v3/compressor.pb.h>
#include <envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>

#include "reference-cp/policy/legacy/retry.hpp"
#include "reference-cp/policy/legacy/traffic_log.hpp"
#include "reference-cp/policy/legacy/traffic_trace.hpp"
#include "reference-cp/xds/envoy/http.hpp"
#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/gateway/connection_policies.hpp"
#include "reference-cp/xds/gateway/downstream_tls.hpp"
#include "reference-cp/xds/gateway/window.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::gateway {
namespace {

using generators::Generation;
using ::envoy::extensions::filters::http::compressor::v3::Compressor;
using ::envoy::extensions::filters::http::local_ratelimit::v3::LocalRateLimit;

constexpr Duration idle_timeout = std::chrono::minutes(5);
constexpr Duration stream_idle_timeout = std::chrono::seconds(5);
constexpr Duration request_headers_timeout = std::chrono::milliseconds(500);

/// Envoy's recommendations for an edge proxy.
void harden(envoy::HttpManager& manager) {
  manager.mutable_normalize_path()->set_value(true);
  manager.set_merge_slashes(true);
  manager.set_path_with_escaped_slashes_action(envoy::HttpManager::UNESCAPE_AND_REDIRECT);
  manager.mutable_use_remote_address()->set_value(true);
  envoy::http_timeouts(manager, idle_timeout, stream_idle_timeout);
  envoy::set_duration(*manager.mutable_request_headers_timeout(), request_headers_timeout);
  manager.mutable_common_http_protocol_options()->set_headers_with_underscores_action(
      ::envoy::config::core::v3::HttpProtocolOptions::REJECT_REQUEST);
  auto& http2 = *manager.mutable_http2_protocol_options();
  http2.mutable_max_concurrent_streams()->set_value(concurrent_streams);
  http2.mutable_initial_stream_window_size()->set_value(stream_window);
  http2.mutable_initial_connection_window_size()->set_value(connection_window);
  http2.set_allow_connect(true);
}

/// Responses with gzip, but for those with an ETag.
void compress(envoy::HttpManager& manager) {
  Compressor compressor;
  auto& library = *compressor.mutable_compressor_library();
  library.set_name("gzip");
  pack(::envoy::extensions::compression::gzip::compressor::v3::Gzip(), *library.mutable_typed_config());
  compressor.mutable_response_direction_config()->set_disable_on_etag_header(true);
  auto& filter = *manager.add_http_filters();
  filter.set_name("gzip-compress");
  pack(compressor, *filter.mutable_typed_config());
}

void http_chain(const Generation& g, const std::string& routes, envoy::FilterChain& chain) {
  envoy::HttpManager manager =
      envoy::http_manager(g.proxy.service, g.mesh.settings().internal_addresses, g.proxy.metadata.ipv6_enabled);
  manager.set_server_name("Kuma Gateway");
  harden(manager);
  // Does nothing until a route says how much.
  LocalRateLimit limit;
  limit.set_stat_prefix("rate_limit");
  auto& rate = *manager.add_http_filters();
  rate.set_name("envoy.filters.http.local_ratelimit");
  pack(limit, *rate.mutable_typed_config());
  compress(manager);
  policy::legacy::TrafficTrace(g.proxy, g.mesh).trace_gateway(manager);
  policy::legacy::TrafficLogs(g.proxy, g.mesh).add_gateway(manager);
  auto& source = *manager.mutable_rds()->mutable_config_source();
  source.set_resource_api_version(::envoy::config::core::v3::V3);
  source.mutable_ads();
  manager.mutable_rds()->set_route_config_name(routes);
  envoy::finish(chain, std::move(manager));
}

std::vector<Destination> destinations_of(const Host& host) {
  std::vector<Destination> all;
  for (Entry entry : host.entries)
    for (const Destination* destination : entry.destinations()) all.push_back(*destination);
  return all;
}

/// Of all hosts together.
struct Streams {
  std::vector<envoy::Split> splits;
  std::vector<Destination> destinations;
  Tags tags;

  void add(const Host& host) {
    for (const Destination& each : destinations_of(host)) {
      splits.push_back({each.cluster, each.weight});
      destinations.push_back(each);
    }
    tags = host.tags;
  }
};

/// One for all chains of a listener: Kuma looks at the destinations of all of its hosts together.
ResourcePtr retry_for(const Generation& g, const Listener& listener) {
  Streams all;
  for (const HostGroup& group : listener.groups)
    for (const Host& host : group.hosts) all.add(host);
  return shared_policy("Retry", g.mesh, all.tags, all.destinations);
}

void tcp_chain(const Generation& g, Streams streams, const ResourcePtr& retry, envoy::FilterChain& chain) {
  std::ranges::stable_sort(streams.splits, {}, &envoy::Split::cluster);
  envoy::tcp_proxy(chain, g.proxy.service, streams.splits);
  policy::legacy::TrafficLogs(g.proxy, g.mesh).add_gateway(chain);
  if (retry) policy::legacy::retry::configure(*retry, chain);
}

Result<> fill(Generation& g, const Listener& listener, envoy::Listener& out) {
  if (listener.http() && (listener.cross_mesh || listener.protocol == "HTTPS")) {
    for (const HostGroup& group : listener.groups) {
      envoy::FilterChain& chain = envoy::add_chain(out);
      http_chain(g, listener.route_name(group), chain);
      if (auto done = listener.cross_mesh ? cross_mesh_tls(g, chain) : client_tls(g, group, {"h2", "http/1.1"}, chain);
          !done)
        return done;
      if (listener.cross_mesh) break;  // the server names of other meshes' proxies do not tell hosts apart
    }
  } else if (listener.http()) {
    http_chain(g, listener.name + ":*", envoy::add_chain(out));
  } else if (listener.protocol == "TLS") {
    const ResourcePtr retry = retry_for(g, listener);
    for (const HostGroup& group : listener.groups) {
      Streams streams;
      for (const Host& host : group.hosts) streams.add(host);
      envoy::FilterChain& chain = envoy::add_chain(out);
      tcp_chain(g, std::move(streams), retry, chain);
      if (auto done = client_tls(g, group, {}, chain); !done) return done;
    }
  } else {
    Streams streams;
    for (const HostGroup& group : listener.groups)
      for (const Host& host : group.hosts) streams.add(host);
    tcp_chain(g, std::move(streams), retry_for(g, listener), envoy::add_chain(out));
  }
  return {};
}

}  // namespace

Result<> add_listener(Generation& g, const Listener& listener) {
  envoy::ListenerPtr out = envoy::inbound_listener(listener.name, g.proxy.address, listener.port);
  out->mutable_enable_reuse_port()->set_value(true);
  out->mutable_per_connection_buffer_limit_bytes()->set_value(connection_buffer);
  envoy::tls_inspector(*out);
  if (auto done = fill(g, listener, *out); !done) return done;
  g.add(std::move(out), Origin::gateway);
  return {};
}

}  // namespace kumasim::cp::gateway
