#include "reference-cp/xds/zone/passages.hpp"

#include <algorithm>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/mesh_service.hpp"

namespace kumasim::cp::zone {
namespace {

constexpr char service_tag[] = "kuma.io/service";

/// Tags that tell endpoints apart: where all addresses have a tag, there is nothing to choose by it.
Tags telling(const Tags& share, const std::vector<Endpoint>& endpoints) {
  Tags result;
  for (const auto& [key, value] : share) {
    std::set<std::pair<std::string, std::uint32_t>> all, matching;
    for (const Endpoint& endpoint : endpoints) {
      all.emplace(endpoint.address, endpoint.port);
      auto found = endpoint.tags.find(key);
      std::string held = found == endpoint.tags.end() ? std::string() : found->second;
      if (value == "*" || held == value) matching.emplace(endpoint.address, endpoint.port);
    }
    if (matching.size() < all.size()) result.emplace(key, value);
  }
  return result;
}

std::vector<std::string> keys(const Tags& tags) {
  std::vector<std::string> result;
  for (const auto& [key, value] : tags)
    if (key != service_tag) result.push_back(key);
  return result;
}

/// A share without endpoints must not get those of the others; who asks for no share gets any.
void subsets(envoy::Cluster& cluster, const std::set<std::vector<std::string>>& selectors) {
  using Config = ::envoy::config::cluster::v3::Cluster::LbSubsetConfig;
  if (selectors.empty()) return;
  Config& config = *cluster.mutable_lb_subset_config();
  config.set_fallback_policy(Config::ANY_ENDPOINT);
  for (const std::vector<std::string>& selector : selectors) {
    auto& out = *config.add_subset_selectors();
    out.set_fallback_policy(Config::LbSubsetSelector::NO_FALLBACK);
    for (const std::string& key : selector) out.add_keys(key);
  }
}

}  // namespace

std::string mesh_cluster_name(const std::string& mesh, const std::string& service) { return mesh + ":" + service; }

envoy::FilterChain& add_named_chain(envoy::Listener& listener, const std::string& server_name) {
  envoy::FilterChain& chain = envoy::add_chain(listener);
  envoy::match_transport(chain, "tls");
  chain.mutable_filter_chain_match()->add_server_names(server_name);
  return chain;
}

void tcp_proxy(envoy::FilterChain& chain, const std::string& stat_name, const std::string& cluster, const Tags& tags) {
  ::envoy::extensions::filters::network::tcp_proxy::v3::TcpProxy proxy;
  proxy.set_stat_prefix(envoy::sanitize_metric(stat_name));
  proxy.set_cluster(cluster);
  if (Tags chosen = envoy::without(tags, service_tag); !chosen.empty())
    envoy::fill_fields((*proxy.mutable_metadata_match()->mutable_filter_metadata())["envoy.lb"], chosen);
  envoy::add_filter(chain, "envoy.filters.network.tcp_proxy", proxy);
}

void Passages::add_legacy(const std::string& service, const std::vector<Endpoint>& endpoints) {
  for (const Tags& share : shares_of(shares_, service)) {
    Tags asked = share;
    asked[service_tag] = service;
    std::string server_name = envoy::sni(asked, mesh_.name());
    if (!taken_.insert(server_name).second) continue;
    PassedService& passed = services_[service];
    passed.cluster = mesh_cluster_name(mesh_.name(), service);
    passed.legacy = true;
    passed.passages.push_back({server_name, telling(share, endpoints)});
  }
}

void Passages::add_resource(const Resource& service) {
  for (const ServicePort& port : mesh_service::ports(service)) {
    Kri kri = Kri::of(service);
    std::string server_name = envoy::sni_of_resource(mesh_service::sni_name(service, mesh_.settings().system_namespace),
                                                     mesh_.name(), kri.type, port.port);
    if (!taken_.insert(server_name).second) continue;
    std::string name = mesh_service::destination_name(service, port);
    PassedService& passed = services_[name];
    passed.cluster = unified_naming_ ? kri.with_section(port.name).to_string() : name;
    passed.passages.push_back({server_name, {}});
  }
}

void Passages::add_clusters(ResourceSet& resources, Origin origin,
                            const std::function<std::vector<Endpoint>(const std::string&)>& endpoints) const {
  for (const auto& [name, service] : services_) {
    std::set<std::vector<std::string>> selectors;
    for (const Passage& passage : service.passages) selectors.insert(keys(passage.tags));
    if (auto every = shares_.find("*"); every != shares_.end())
      for (const Tags& tags : every->second) selectors.insert(keys(tags));
    selectors.erase(std::vector<std::string>());
    envoy::ClusterPtr cluster = envoy::make_cluster(service.cluster);
    envoy::eds(*cluster);
    subsets(*cluster, selectors);
    resources.add(service.cluster, std::move(cluster), origin);
    resources.add(service.cluster, envoy::load_assignment(service.cluster, endpoints(name)), origin);
  }
}

void Passages::add_chains(envoy::Listener& listener) const {
  for (const auto& [name, service] : services_)
    for (const Passage& passage : service.passages)
      tcp_proxy(add_named_chain(listener, passage.server_name), service.cluster, service.cluster, passage.tags);
}

}  // namespace kumasim::cp::zone
