/// Outbounds of a mesh with TrafficRoutes: a listener each, with the splits of the route that is for it.
#include <algorithm>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/policy/legacy/circuit_breaker.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/legacy/health_check.hpp"
#include "reference-cp/policy/legacy/rate_limit.hpp"
#include "reference-cp/policy/legacy/retry.hpp"
#include "reference-cp/policy/legacy/timeout.hpp"
#include "reference-cp/policy/legacy/traffic_log.hpp"
#include "reference-cp/policy/legacy/traffic_trace.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/destination.hpp"
#include "reference-cp/xds/envoy/external.hpp"
#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/envoy/tags_header.hpp"
#include "reference-cp/xds/generate/external_services.hpp"
#include "reference-cp/xds/generate/generation.hpp"
#include "reference-cp/xds/generate/traffic_route.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/protocol.hpp"

namespace kumasim::cp::generators {
namespace {

namespace legacy = policy::legacy;
/// By kuma.io/service.
using Policies = std::map<std::string, ResourcePtr>;

/// nullptr where no policy is for the service.
const Resource* policy_for(const Policies& policies, const std::string& service) {
  auto found = policies.find(service);
  return found == policies.end() ? nullptr : found->second.get();
}

/// One way for the traffic of an outbound; `http` is an entry of conf.http, null for the rest.
struct Way {
  const nlohmann::json* http;
  std::vector<envoy::Split> splits;
};

class Outbounds {
 public:
  explicit Outbounds(Generation& g)
      : g_(g), routes_(legacy::outbound_policies("TrafficRoute", g.proxy, g.mesh)),
        timeouts_(legacy::outbound_policies("Timeout", g.proxy, g.mesh)), logs_(g.proxy, g.mesh),
        trace_(g.proxy, g.mesh), outside_(external_services(g.mesh, g.proxy)) {
    // Where the mesh has no egress, the clients of an ExternalService limit themselves.
    if (!g.mesh.mesh() || !flag_at(g.mesh.mesh()->spec, "routing", "zoneEgress"))
      limits_ = legacy::outbound_policies("RateLimit", g.proxy, g.mesh);
    std::set<std::string> services = destinations();
    retries_ = legacy::policies_to("Retry", services, g.proxy, g.mesh);
    health_checks_ = legacy::policies_to("HealthCheck", services, g.proxy, g.mesh);
    circuit_breakers_ = legacy::policies_to("CircuitBreaker", services, g.proxy, g.mesh);
  }

  void generate() {
    for (const Outbound& outbound : g_.proxy.outbounds)
      if (outbound.legacy()) listener(outbound);
    for (const auto& [name, destination] : clusters_.all()) cluster(name, destination);
  }

 private:
  /// Services that policies for destinations are looked up for: where the routes send what no HTTP match has taken.
  std::set<std::string> destinations() const {
    std::set<std::string> services;
    for (const Outbound& outbound : g_.proxy.outbounds) {
      if (!outbound.legacy()) continue;
      const Resource* route = policy_for(routes_, outbound.service());
      if (!route) services.insert(outbound.service());
      if (!route) continue;
      for (const Share& share : shares(at(route->spec, "conf"), outbound.tags))
        if (auto service = share.tags.find("kuma.io/service"); service != share.tags.end())
          services.insert(service->second);
    }
    return services;
  }

  std::vector<envoy::Split> splits(const nlohmann::json& conf, const Outbound& outbound,
                                   const nlohmann::json& balancer) {
    std::vector<envoy::Split> result;
    for (const Share& share : shares(conf, outbound.tags)) {
      std::string cluster = clusters_.legacy(share.tags);
      balancers_.try_emplace(cluster, &balancer);
      cluster_timeouts_.insert_or_assign(cluster, policy_for(timeouts_, outbound.service()));
      auto service = share.tags.find("kuma.io/service");
      std::string name = service == share.tags.end() ? std::string() : service->second;
      ServiceInfo info = g_.mesh.service(name);
      result.push_back({cluster, share.weight, info.external || outside_.contains(name)});
      std::string protocol = info.protocol;
      protocol_ = protocol_.empty() ? protocol : common_protocol(protocol, protocol_);
    }
    return result;
  }

  std::vector<Way> ways(const Outbound& outbound) {
    std::vector<Way> result;
    auto route = routes_.find(outbound.service());
    if (route == routes_.end() || !route->second) return result;
    static const nlohmann::json rest;
    const nlohmann::json& conf = at(route->second->spec, "conf");
    const nlohmann::json& balancer = at(conf, "loadBalancer");
    for (const nlohmann::json& http : at(conf, "http"))
      if (auto to = splits(http, outbound, balancer); !to.empty()) result.push_back({&http, std::move(to)});
    if (auto to = splits(conf, outbound, balancer); !to.empty()) result.push_back({&rest, std::move(to)});
    return result;
  }

  void http(const std::string& service, const std::vector<Way>& ways, envoy::FilterChain& chain) {
    envoy::HttpManager manager =
        envoy::http_manager(service, g_.mesh.settings().internal_addresses, g_.proxy.metadata.ipv6_enabled);
    const Resource* limit = policy_for(limits_, service);
    auto timeouts = legacy::Timeouts::of(policy_for(timeouts_, service));
    trace_.trace_outbound(service, manager);
    logs_.add(service, manager);
    envoy::RouteConfiguration& configuration = envoy::routes(manager, "outbound:" + service, service);
    configuration.mutable_validate_clusters()->set_value(false);
    // gRPC calls carry the tags only where a policy asks for them; Kuma sends them with every other HTTP call.
    if (protocol_ != "grpc" || envoy::tags_header_used(g_.mesh))
      envoy::add_tags_header(*g_.proxy.dataplane, configuration);
    for (const Way& way : ways) {
      envoy::Route& route = envoy::add_route(configuration);
      traffic_route_match(at(*way.http, "match"), route);
      envoy::set_duration(*route.mutable_route()->mutable_timeout(), timeouts.request);
      envoy::forward(*route.mutable_route(), way.splits);
      traffic_route_modify(at(*way.http, "modify"), route);
      if (limit && std::ranges::any_of(way.splits, &envoy::Split::external)) legacy::rate_limit::limit(*limit, route);
    }
    if (limit) legacy::rate_limit::add_filter(manager);
    if (const Resource* retry = policy_for(retries_, service)) legacy::retry::configure(*retry, protocol_, manager);
    if (protocol_ == "grpc") envoy::grpc_stats(manager);
    envoy::http_timeouts(manager, timeouts.http_idle, timeouts.stream_idle_of(protocol_));
    envoy::finish(chain, std::move(manager));
  }

  void listener(const Outbound& outbound) {
    protocol_.clear();
    std::vector<Way> ways = this->ways(outbound);
    if (protocol_.empty()) protocol_ = "unknown";
    std::string address = outbound.address.empty() ? "127.0.0.1" : outbound.address;
    std::string service = outbound.service();
    envoy::ListenerPtr listener =
        envoy::outbound_listener(envoy::outbound_listener_name(address, outbound.port), address, outbound.port);
    envoy::FilterChain& chain = envoy::add_chain(*listener);
    if (is_http_based(protocol_)) {
      http(service, ways, chain);
    } else {
      std::vector<envoy::Split> all;
      for (Way& way : ways) std::ranges::move(way.splits, std::back_inserter(all));
      bool timed = protocol_ != "tls" && protocol_ != "mysql";
      Duration idle = legacy::Timeouts::of(policy_for(timeouts_, service)).tcp_idle;
      envoy::tcp_proxy(chain, service, all, timed ? idle : Duration(-1));
      logs_.add(service, chain);
      if (const Resource* retry = policy_for(retries_, service)) legacy::retry::configure(*retry, chain);
      if (protocol_ == "kafka") envoy::kafka_broker(chain, service);
    }
    if (g_.transparent()) envoy::not_bound(*listener);
    envoy::tags(*listener, envoy::without(outbound.tags, "kuma.io/mesh"));
    g_.add(std::move(listener), Origin::outbound);
  }

  void configure(envoy::Cluster& cluster, const std::string& name, const std::string& service) {
    std::string protocol = g_.mesh.protocol(service);
    auto timeouts = legacy::Timeouts::of(cluster_timeouts_.at(name));
    envoy::connect_timeout(cluster, timeouts.connect);
    envoy::outbound_timeouts(cluster, protocol, timeouts.http_idle, timeouts.max_stream_of(protocol));
    if (const Resource* breaker = policy_for(circuit_breakers_, service))
      legacy::circuit_breaker::configure(*breaker, cluster);
    if (const Resource* check = policy_for(health_checks_, service))
      legacy::health_check::configure(*check, protocol, cluster);
  }

  void cluster(const std::string& name, const envoy::Destination& destination) {
    envoy::ClusterPtr cluster = envoy::make_cluster(name);
    configure(*cluster, name, destination.service);
    if (auto outside = outside_.find(destination.service); outside != outside_.end()) {
      envoy::external_endpoints(*cluster, outside->second, g_.proxy.address.find(':') != std::string::npos);
      std::string protocol = g_.mesh.protocol(destination.service);
      if (protocol == "http") envoy::http1(*cluster);
      if (protocol == "http2" || protocol == "grpc") envoy::http2(*cluster);
      g_.add(std::move(cluster), Origin::outbound);
      return;
    }
    envoy::eds(*cluster);
    // Kuma sets no balancer on what its egress balances.
    bool outside = envoy::through_egress(g_.mesh, destination.service);
    std::string protocol = g_.mesh.protocol(destination.service);
    if (!outside) traffic_route_balancer(*balancers_.at(name), *cluster);
    if (outside && protocol == "http") envoy::http1(*cluster);
    if (!outside || protocol == "http2" || protocol == "grpc") envoy::http2(*cluster);
    envoy::mesh_tls(g_.mesh, *cluster, destination);
    g_.add(std::move(cluster), Origin::outbound);
    envoy::add_endpoints(g_.resources, g_.mesh, name, destination);
  }

  Generation& g_;
  Policies routes_, timeouts_, limits_, retries_, health_checks_, circuit_breakers_;
  legacy::TrafficLogs logs_;
  legacy::TrafficTrace trace_;
  std::map<std::string, std::vector<Endpoint>> outside_;  ///< ExternalServices by kuma.io/service
  envoy::Destinations clusters_;
  std::map<std::string, const nlohmann::json*> balancers_;
  std::map<std::string, const Resource*> cluster_timeouts_;  ///< by cluster: the Timeout of the last outbound to it
  std::string protocol_;  ///< of the outbound at hand: what all its services can speak
};

}  // namespace

void traffic_route_outbounds(Generation& g) {
  if (!g.mesh.all("TrafficRoute").empty()) Outbounds(g).generate();
}

}  // namespace kumasim::cp::generators
