/// Clusters: each function sets one aspect of one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "kumasim/runtime/time.hpp"
#include "reference-cp/xds/endpoint.hpp"

namespace envoy::config::cluster::v3 {
class Cluster;
}
namespace envoy::config::endpoint::v3 {
class ClusterLoadAssignment;
}
namespace envoy::extensions::upstreams::http::v3 {
class HttpProtocolOptions;
}

namespace kumasim::cp::envoy {

using Cluster = ::envoy::config::cluster::v3::Cluster;
using ClusterPtr = std::unique_ptr<Cluster>;
using LoadAssignment = ::envoy::config::endpoint::v3::ClusterLoadAssignment;
using HttpProtocolOptions = ::envoy::extensions::upstreams::http::v3::HttpProtocolOptions;

/// With the default connect timeout of 5 s, and an alternative statistics name where the name needs one.
ClusterPtr make_cluster(const std::string& name);

void connect_timeout(Cluster& cluster, Duration timeout);
/// Endpoints come over ADS.
void eds(Cluster& cluster);
/// Endpoints are fixed: addresses give STATIC, host names STRICT_DNS.
void fixed_endpoints(Cluster& cluster, std::span<const Endpoint> endpoints, bool ipv6 = false);
/// To where the connection was going before it was redirected.
void pass_through(Cluster& cluster);
void bind_to(Cluster& cluster, const std::string& address);
void http1(Cluster& cluster);
void http2(Cluster& cluster);
/// Kuma's timeouts between the proxy and its application: twice those of an outbound.
void inbound_timeouts(Cluster& cluster, std::string_view protocol);
/// Legacy outbounds: HTTP ones carry their idle timeout even where it is zero (none), and the longest life of a stream
/// where that is not zero.
void outbound_timeouts(Cluster& cluster, std::string_view protocol, Duration idle, Duration max_stream);

/// Changes the options of HTTP upstreams, creating them where there are none.
void update_http_options(Cluster& cluster, const std::function<void(HttpProtocolOptions&)>& change);

/// Grouped by locality and ordered, so that equal endpoints give equal bytes.
std::unique_ptr<LoadAssignment> load_assignment(const std::string& cluster, std::span<const Endpoint> endpoints);

}  // namespace kumasim::cp::envoy
