/// Outbounds of a mesh with TrafficRoutes: a listener each, with the splits of the route that is for it.
#include <algorithm>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/destination.hpp"
#include "reference-cp/xds/envoy/external.hpp"
#include "reference-cp/xds/envoy/tags_header.hpp"
#include "reference-cp/xds/generate/external_services.hpp"
#include "reference-cp/xds/generate/generation.hpp"
#include "reference-cp/xds/generate/traffic_route.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/protocol.hpp"

namespace kumasim::cp::generators {
namespace {

/// One way for the traffic of an outbound; `http` is an entry of conf.http, null for the rest.
struct Way {
  const nlohmann::json* http;
  std::vector<envoy::Split> splits;
};

class Outbounds {
 public:
  explicit Outbounds(Generation& g)
      : g_(g), routes_(policy::legacy::outbound_policies("TrafficRoute", g.proxy, g.mesh)),
        outside_(external_services(g.mesh, g.proxy)) {}

  void generate() {
    for (const Outbound& outbound : g_.proxy.outbounds)
      if (outbound.legacy()) listener(outbound);
    for (const auto& [name, destination] : clusters_.all()) cluster(name, destination);
  }

 private:
  std::vector<envoy::Split> splits(const nlohmann::json& conf, const Outbound& outbound,
                                   const nlohmann::json& balancer) {
    std::vector<envoy::Split> result;
    for (const Share& share : shares(conf, outbound.tags)) {
      std::string cluster = clusters_.legacy(envoy::without(share.tags, "kuma.io/mesh"));
      balancers_.try_emplace(cluster, &balancer);
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
    envoy::RouteConfiguration& configuration = envoy::routes(manager, "outbound:" + service, service);
    configuration.mutable_validate_clusters()->set_value(false);
    // gRPC calls carry the tags only where a policy asks for them; Kuma sends them with every other HTTP call.
    if (protocol_ != "grpc" || envoy::tags_header_used(g_.mesh))
      envoy::add_tags_header(*g_.proxy.dataplane, configuration);
    for (const Way& way : ways) {
      envoy::Route& route = envoy::add_route(configuration);
      traffic_route_match(at(*way.http, "match"), route);
      route.mutable_route()->mutable_timeout();
      envoy::forward(*route.mutable_route(), way.splits);
      traffic_route_modify(at(*way.http, "modify"), route);
    }
    if (protocol_ == "grpc") envoy::grpc_stats(manager);
    envoy::http_timeouts(manager, Duration(0), Duration(0));
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
      envoy::tcp_proxy(chain, service, all, timed ? Duration(0) : Duration(-1));
      if (protocol_ == "kafka") envoy::kafka_broker(chain, service);
    }
    if (g_.transparent()) envoy::not_bound(*listener);
    envoy::tags(*listener, envoy::without(outbound.tags, "kuma.io/mesh"));
    g_.add(std::move(listener), Origin::outbound);
  }

  void cluster(const std::string& name, const envoy::Destination& destination) {
    envoy::ClusterPtr cluster = envoy::make_cluster(name);
    envoy::outbound_timeouts(*cluster, g_.mesh.protocol(destination.service));
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
  std::map<std::string, ResourcePtr> routes_;
  std::map<std::string, std::vector<Endpoint>> outside_;  ///< ExternalServices by kuma.io/service
  envoy::Destinations clusters_;
  std::map<std::string, const nlohmann::json*> balancers_;
  std::string protocol_;  ///< of the outbound at hand: what all its services can speak
};

}  // namespace

void traffic_route_outbounds(Generation& g) {
  if (!g.mesh.all("TrafficRoute").empty()) Outbounds(g).generate();
}

}  // namespace kumasim::cp::generators
