/// Services that the application reaches by the address of an instance: a listener for each instance, one cluster.
#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>

#include <fmt/format.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/legacy/traffic_log.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/envoy/tls.hpp"
#include "reference-cp/xds/generate/generation.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/metrics.hpp"

namespace kumasim::cp::generators {
namespace {

constexpr char cluster_name[] = "direct_access";
using Instance = std::pair<std::string, std::uint32_t>;

/// Instances of the services, without those that an outbound listener has already.
std::set<Instance> instances(const Generation& g, const std::set<std::string>& services) {
  std::set<Instance> taken;
  for (const Outbound& outbound : g.proxy.outbounds)
    taken.emplace(outbound.address.empty() ? "127.0.0.1" : outbound.address, outbound.port);
  const BackendConf metrics_conf = g.mesh.mesh() ? mesh_prometheus_conf(g.mesh.mesh()->spec) : BackendConf{};
  std::set<Instance> result;
  for (const auto& [name, dataplane] : g.mesh.all("Dataplane")) {
    if (name == g.proxy.name) continue;
    std::vector<Inbound> inbounds = inbounds_of(*dataplane);
    // Where it serves its metrics is an inbound, too.
    if (std::optional<Inbound> metrics = prometheus_inbound(metrics_conf, *dataplane))
      inbounds.push_back(std::move(*metrics));
    for (const Inbound& inbound : inbounds) {
      Instance instance{inbound.address, inbound.port};
      bool wanted = services.contains("*") || services.contains(inbound.service);
      if (wanted && !taken.contains(instance)) result.insert(instance);
    }
  }
  return result;
}

}  // namespace

void direct_access(Generation& g) {
  std::set<std::string> services;
  for (const nlohmann::json& name :
       at(g.proxy.dataplane->spec, "networking", "transparentProxying", "directAccessServices"))
    if (name.is_string()) services.insert(name.get<std::string>());
  if (!g.transparent() || services.empty()) return;
  policy::legacy::TrafficLogs logs(g.proxy, g.mesh);
  for (const auto& [address, port] : instances(g, services)) {
    std::string name = fmt::format("{}_{}:{}", cluster_name, address, port);
    envoy::ListenerPtr listener = envoy::outbound_listener(name, address, port);
    envoy::Split to{cluster_name};
    envoy::FilterChain& chain = envoy::add_chain(*listener);
    envoy::tcp_proxy(chain, name, {&to, 1});
    logs.add_direct_access(name, chain);
    envoy::not_bound(*listener);
    g.add(std::move(listener), Origin::direct_access);
  }
  envoy::ClusterPtr cluster = envoy::make_cluster(cluster_name);
  envoy::pass_through(*cluster);
  if (g.mesh.mtls_enabled())
    envoy::upstream_mesh_tls(*cluster->mutable_transport_socket(), {g.mesh.name(), g.proxy.unified_naming}, {}, "");
  g.add(std::move(cluster), Origin::direct_access);
}

}  // namespace kumasim::cp::generators
