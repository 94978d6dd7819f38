#include "scenarios/behaviour/behind_cluster.hpp"

#include <optional>

namespace kumasim::scenario {

using namespace sim::proxy;
using sim::proxy::TlsContext;

const ClusterState* find_cluster(const ConfigState& config, const std::string& name) {
  for (const auto* map : {&config.clusters(), &config.warming_clusters()})
    if (auto found = map->find(name); found != map->end()) return &found->second;
  return nullptr;
}

Labels BehindCluster::subset(const ClusterState& cluster, const Labels& wanted) {
  if (cluster.config->subset_fallback != SubsetSelector::Fallback::any_endpoint || !cluster.assignment) return wanted;
  for (const Locality& locality : cluster.assignment->localities)
    for (const Endpoint& endpoint : locality.endpoints)
      if (contains(endpoint.labels, wanted)) return wanted;
  return {};
}

std::vector<EndpointShare> BehindCluster::endpoints(const ClusterState* cluster, const Labels& wanted) const {
  std::vector<EndpointShare> out;
  if (cluster == nullptr || !cluster->assignment) return out;
  const Labels labels = subset(*cluster, wanted);
  std::optional<std::uint32_t> first;
  for (const Locality& locality : cluster->assignment->localities)
    if (!locality.endpoints.empty() && (!first || locality.priority < *first)) first = locality.priority;
  double all = 0;
  for (const Locality& locality : cluster->assignment->localities) {
    if (!first || locality.priority != *first) continue;
    double inside = 0;
    for (const Endpoint& endpoint : locality.endpoints)
      if (contains(endpoint.labels, labels)) inside += endpoint.weight;
    for (const Endpoint& endpoint : locality.endpoints) {
      if (!contains(endpoint.labels, labels)) continue;
      double part = endpoint.weight;
      if (cluster->config->locality_weighted && inside > 0) part = part / inside * locality.weight;
      all += part;
      out.push_back({part, tags_of(endpoint)});
    }
  }
  for (EndpointShare& each : out) each.part = all > 0 ? each.part / all : 0;
  return out;
}

cp::Tags BehindCluster::tags_of(const Endpoint& endpoint) const {
  InboundPlace place = deployment_.at(mesh_, endpoint.host, endpoint.port);
  if (place.proxy != nullptr) return place.proxy->view.inbounds[place.inbound].tags;
  return {endpoint.labels.begin(), endpoint.labels.end()};
}

std::string BehindCluster::label(const ClusterState* cluster, const std::vector<EndpointShare>& endpoints,
                                 const std::string& name) const {
  if (cluster == nullptr) return name + " (no such cluster)";
  if (endpoints.empty()) return cluster->config->type == Cluster::Type::original_dst ? name : name + " (no endpoint)";
  auto found = endpoints.front().tags.find("kuma.io/service");
  std::string service = found == endpoints.front().tags.end() ? std::string() : found->second;
  std::vector<cp::Tags> these, all;
  for (const EndpointShare& each : endpoints) these.push_back(each.tags);
  for (const StillProxy& proxy : deployment_.proxies())
    for (const cp::Inbound& inbound : proxy.view.inbounds)
      if (proxy.mesh == mesh_ && inbound.service == service) all.push_back(inbound.tags);
  std::string tags = tags_text(distinguishing(these, all));
  if (service.empty()) return called_.empty() ? name : called_;
  if (service == called_) return tags.empty() ? called_ : tags;
  return tags.empty() ? service : service + " " + tags;
}

}  // namespace kumasim::scenario
