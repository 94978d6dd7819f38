#include "reference-cp/xds/envoy/cluster.hpp"

#include <algorithm>
#include <vector>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/extensions/upstreams/http/v3/http_protocol_options.pb.h>

#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/protocol.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::envoy {
namespace {

using ::envoy::config::endpoint::v3::LocalityLbEndpoints;
constexpr char http_options_key[] = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

bool is_address(const Endpoint& endpoint) {
  if (!endpoint.unix_path.empty()) return true;
  bool v4 = !endpoint.address.empty() && endpoint.address.find_first_not_of("0123456789.") == std::string::npos;
  return v4 || endpoint.address.find(':') != std::string::npos;
}

void fill(LocalityLbEndpoints& group, const Endpoint& endpoint) {
  auto& lb = *group.add_lb_endpoints();
  auto& address = *lb.mutable_endpoint()->mutable_address();
  if (!endpoint.unix_path.empty()) {
    address.mutable_pipe()->set_path(endpoint.unix_path);
  } else {
    address.mutable_socket_address()->set_address(endpoint.address);
    address.mutable_socket_address()->set_port_value(endpoint.port);
  }
  endpoint_metadata(lb, endpoint.tags);
  if (endpoint.weight > 0) lb.mutable_load_balancing_weight()->set_value(endpoint.weight);
}

}  // namespace

ClusterPtr make_cluster(const std::string& name) {
  auto cluster = std::make_unique<Cluster>();
  cluster->set_name(name);
  if (std::string stat = sanitize_metric(name); stat != name) cluster->set_alt_stat_name(stat);
  cluster->mutable_connect_timeout()->set_seconds(5);
  return cluster;
}

void connect_timeout(Cluster& cluster, Duration timeout) { set_duration(*cluster.mutable_connect_timeout(), timeout); }

void eds(Cluster& cluster) {
  cluster.set_type(Cluster::EDS);
  auto& source = *cluster.mutable_eds_cluster_config()->mutable_eds_config();
  source.set_resource_api_version(::envoy::config::core::v3::V3);
  source.mutable_ads();
}

void fixed_endpoints(Cluster& cluster, std::span<const Endpoint> endpoints, bool ipv6) {
  bool addresses = std::ranges::all_of(endpoints, is_address);
  cluster.set_type(addresses ? Cluster::STATIC : Cluster::STRICT_DNS);
  if (!addresses) cluster.set_dns_lookup_family(ipv6 ? Cluster::AUTO : Cluster::V4_ONLY);
  *cluster.mutable_load_assignment() = *load_assignment(cluster.name(), endpoints);
}

void pass_through(Cluster& cluster) {
  cluster.set_type(Cluster::ORIGINAL_DST);
  cluster.set_lb_policy(Cluster::CLUSTER_PROVIDED);
}

void bind_to(Cluster& cluster, const std::string& address) {
  auto& source = *cluster.mutable_upstream_bind_config()->mutable_source_address();
  source.set_address(address);
  source.set_port_value(0);
}

void update_http_options(Cluster& cluster, const std::function<void(HttpProtocolOptions&)>& change) {
  auto& any = (*cluster.mutable_typed_extension_protocol_options())[http_options_key];
  HttpProtocolOptions options;
  if (!any.value().empty()) any.UnpackTo(&options);
  change(options);
  pack(options, any);
}

void http1(Cluster& cluster) {
  update_http_options(cluster, [](HttpProtocolOptions& options) {
    if (!options.has_explicit_http_config()) options.mutable_explicit_http_config()->mutable_http_protocol_options();
  });
}

void http2(Cluster& cluster) {
  update_http_options(cluster, [](HttpProtocolOptions& options) {
    if (!options.has_explicit_http_config()) options.mutable_explicit_http_config()->mutable_http2_protocol_options();
  });
}

void inbound_timeouts(Cluster& cluster, std::string_view protocol) {
  connect_timeout(cluster, std::chrono::seconds(10));
  if (is_http_based(protocol))
    update_http_options(cluster, [](HttpProtocolOptions& options) {
      options.mutable_common_http_protocol_options()->mutable_idle_timeout()->set_seconds(7200);
    });
}

void outbound_timeouts(Cluster& cluster, std::string_view protocol, Duration idle, Duration max_stream) {
  if (!is_http_based(protocol)) return;
  update_http_options(cluster, [&](HttpProtocolOptions& options) {
    auto& common = *options.mutable_common_http_protocol_options();
    set_duration(*common.mutable_idle_timeout(), idle);
    if (max_stream > Duration::zero()) set_duration(*common.mutable_max_stream_duration(), max_stream);
  });
}

std::unique_ptr<LoadAssignment> load_assignment(const std::string& cluster, std::span<const Endpoint> endpoints) {
  std::vector<const Endpoint*> ordered;
  for (const Endpoint& endpoint : endpoints) ordered.push_back(&endpoint);
  std::ranges::stable_sort(ordered, [](const Endpoint* a, const Endpoint* b) {
    return std::tie(a->address, a->port) < std::tie(b->address, b->port);
  });
  struct Group {
    const Endpoint* first;
    LocalityLbEndpoints endpoints;
  };
  std::map<std::string, Group> groups;
  for (const Endpoint* endpoint : ordered) {
    std::string key =
        endpoint->locality ? endpoint->locality->zone + ":" + endpoint->locality->sub_zone : std::string();
    Group& group = groups.try_emplace(key, Group{endpoint, {}}).first->second;
    fill(group.endpoints, *endpoint);
  }
  auto result = std::make_unique<LoadAssignment>();
  result->set_cluster_name(cluster);
  for (auto& [key, group] : groups) {
    auto& out = *result->add_endpoints();
    out = std::move(group.endpoints);
    const std::optional<Locality>& locality = group.first->locality;
    if (!locality) continue;
    out.mutable_locality()->set_zone(locality->zone);
    out.mutable_locality()->set_sub_zone(locality->sub_zone);
    out.set_priority(locality->priority);
    if (locality->weight) out.mutable_load_balancing_weight()->set_value(locality->weight);
  }
  return result;
}

}  // namespace kumasim::cp::envoy
