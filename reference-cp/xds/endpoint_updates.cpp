#include "reference-cp/xds/endpoint_updates.hpp"

#include "reference-cp/xds/envoy/destination.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp {

EndpointUpdates::EndpointUpdates(MeshView::Ptr view, const std::set<std::string>& services) : view_(std::move(view)) {
  for (const std::string& service : services) clusters_[service] = service;
  if (!view_ || services.empty()) return;
  for (std::string_view kind : mesh_service::kinds)
    for (const auto& [name, service] : view_->all(kind))
      for (const ServicePort& port : mesh_service::ports(*service))
        if (std::string destination = mesh_service::destination_name(*service, port); services.contains(destination))
          for (const std::string& section : {port.name, std::to_string(port.port)})
            clusters_[Kri::of(*service, section).to_string()] = destination;
}

std::shared_ptr<const Snapshot> EndpointUpdates::apply(std::shared_ptr<const Snapshot> snapshot) {
  const Snapshot::Resources& held = snapshot->of(type_url::endpoint);
  std::shared_ptr<Snapshot> changed;
  for (const auto& [cluster, service] : clusters_)
    for (auto it = held.lower_bound(cluster); it != held.end() && it->first.starts_with(cluster); ++it) {
      if (it->first != cluster) {
        if (envoy::service_of_cluster(it->first) == cluster) return nullptr;
        continue;
      }
      XdsResourcePtr made = envoy::all_endpoints(*view_, cluster, service);
      if (made->version == it->second->version) continue;
      if (!changed) changed = std::make_shared<Snapshot>(*snapshot);
      changed->add(type_url::endpoint, made);
    }
  return changed ? changed : snapshot;
}

}  // namespace kumasim::cp
