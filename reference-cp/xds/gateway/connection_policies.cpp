#include "reference-cp/xds/gateway/connection_policies.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/upstreams/http/v3/http_protocol_options.pb.h>

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/legacy/circuit_breaker.hpp"
#include "reference-cp/policy/legacy/health_check.hpp"
#include "reference-cp/policy/legacy/rate_limit.hpp"
#include "reference-cp/policy/legacy/retry.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/policy/legacy/timeout.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/http.hpp"
#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/protocol.hpp"

namespace kumasim::cp::gateway {
namespace {

using Json = nlohmann::json;
namespace legacy = policy::legacy;

/// Of the first selector that matches.
std::optional<legacy::Rank> rank(const Json& selectors, const Tags& tags) {
  for (const Json& each : selectors) {
    Tags selector = legacy::selector_of(each);
    if (legacy::matches(selector, tags)) return legacy::rank(selector);
  }
  return std::nullopt;
}

void set_timeouts(envoy::Cluster& cluster, std::string_view protocol, const legacy::Timeouts& timeouts) {
  envoy::connect_timeout(cluster, timeouts.connect);
  if (!is_http_based(protocol)) return;
  envoy::update_http_options(cluster, [&](envoy::HttpProtocolOptions& options) {
    auto& common = *options.mutable_common_http_protocol_options();
    envoy::set_duration(*common.mutable_idle_timeout(), timeouts.http_idle);
    if (Duration most = timeouts.max_stream_of(protocol); most != Duration::zero())
      envoy::set_duration(*common.mutable_max_stream_duration(), most);
  });
}

/// Kuma takes every destination of a gateway's route for HTTP here.
void set_retries(envoy::RouteAction& action, const Resource& policy) {
  envoy::HttpManager manager;
  auto& host = *manager.mutable_route_config()->add_virtual_hosts();
  legacy::retry::configure(policy, "http", manager);
  if (host.has_retry_policy()) *action.mutable_retry_policy() = host.retry_policy();
}

}  // namespace

ResourcePtr connection_policy(std::string_view type, const MeshView& mesh, const Tags& host, const Tags& destination) {
  ResourcePtr best;
  legacy::Rank best_rank;
  for (auto [name, policy] : mesh.all(type)) {
    std::optional<legacy::Rank> source = rank(policy::list_at(policy->spec, "sources"), host);
    std::optional<legacy::Rank> target = rank(policy::list_at(policy->spec, "destinations"), destination);
    if (!source || !target) continue;
    legacy::Rank together = *source + *target;
    int order = best ? legacy::compare(together, best_rank) : 1;
    if (order < 0 || (order == 0 && policy->meta.creation <= best->meta.creation)) continue;
    best = policy;
    best_rank = together;
  }
  return best;
}

ResourcePtr shared_policy(std::string_view type, const MeshView& mesh, const Tags& host,
                          std::span<const Destination> destinations) {
  std::set<std::string> seen;
  std::vector<ResourcePtr> for_all, for_one;
  for (const Destination& destination : destinations) {
    ResourcePtr policy = connection_policy(type, mesh, host, destination.tags);
    if (!policy || !seen.insert(policy->meta.name).second) continue;
    for (const Json& each : policy::list_at(policy->spec, "destinations")) {
      std::string service = text_at(each, "match", "kuma.io/service");
      if (service == "*") for_all.push_back(policy);
      else if (service == destination.service()) for_one.push_back(policy);
    }
  }
  const std::vector<ResourcePtr>& candidates = for_all.empty() ? for_one : for_all;
  auto oldest = std::ranges::min_element(candidates, {}, [](const ResourcePtr& each) { return each->meta.creation; });
  return oldest == candidates.end() ? nullptr : *oldest;
}

void configure_cluster(envoy::Cluster& cluster, std::string_view protocol, const MeshView& mesh, const Tags& host,
                       const Tags& destination) {
  auto chosen = [&](const char* type) { return connection_policy(type, mesh, host, destination); };
  set_timeouts(cluster, protocol, legacy::Timeouts::of(chosen("Timeout").get()));
  if (ResourcePtr policy = chosen("CircuitBreaker")) legacy::circuit_breaker::configure(*policy, cluster);
  if (ResourcePtr policy = chosen("HealthCheck")) legacy::health_check::configure(*policy, protocol, cluster);
}

void configure_route(envoy::Route& route, const MeshView& mesh, const Tags& host,
                     std::span<const Destination> destinations) {
  auto chosen = [&](const char* type) { return shared_policy(type, mesh, host, destinations); };
  if (route.has_route()) {
    auto& action = *route.mutable_route();
    if (ResourcePtr policy = chosen("Retry")) set_retries(action, *policy);
    Duration request = legacy::Timeouts::of(chosen("Timeout").get()).request;
    if (request != Duration::zero()) envoy::set_duration(*action.mutable_timeout(), request);
  }
  if (ResourcePtr policy = chosen("RateLimit")) legacy::rate_limit::limit(*policy, route);
}

}  // namespace kumasim::cp::gateway
