/// References of clusters and listeners.
#include "reference-cp/xds/references.hpp"

#include <set>
#include <string>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include <fmt/format.h>

#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp {
namespace {

using ::envoy::config::cluster::v3::Cluster;
using ::envoy::config::listener::v3::Listener;
using ::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;

std::set<std::string> endpoint_names(const ResourceSet& resources) {
  std::set<std::string> names;
  for (const auto& [name, resource] : resources.of(type_url::cluster)) {
    const auto& cluster = static_cast<const Cluster&>(*resource.message);
    if (cluster.type() != Cluster::EDS) continue;
    const std::string& service = cluster.eds_cluster_config().service_name();
    names.insert(service.empty() ? cluster.name() : service);
  }
  return names;
}

std::set<std::string> route_names(const ResourceSet& resources) {
  std::set<std::string> names;
  for (const auto& [name, resource] : resources.of(type_url::listener))
    for (const auto& chain : static_cast<const Listener&>(*resource.message).filter_chains())
      for (const auto& filter : chain.filters()) {
        HttpConnectionManager manager;
        if (filter.typed_config().UnpackTo(&manager) && !manager.rds().route_config_name().empty())
          names.insert(manager.rds().route_config_name());
      }
  return names;
}

Result<> compare(const std::set<std::string>& named, const Snapshot::Resources& held, const char* what) {
  for (const auto& [name, resource] : held)
    if (!named.contains(name)) return fail(Code::conflict, fmt::format("{} {} that nothing names", what, name));
  for (const std::string& name : named)
    if (!held.contains(name)) return fail(Code::conflict, fmt::format("no {} {}", what, name));
  return {};
}

}  // namespace

Result<> check_references(const ResourceSet& resources, const Snapshot& snapshot) {
  if (auto endpoints = compare(endpoint_names(resources), snapshot.of(type_url::endpoint), "endpoints of"); !endpoints)
    return endpoints;
  return compare(route_names(resources), snapshot.of(type_url::route), "route configuration");
}

}  // namespace kumasim::cp
