#include "reference-cp/xds/endpoint_updates.hpp"

#include <envoy/config/endpoint/v3/endpoint.pb.h>

#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp {

XdsResourcePtr EndpointUpdates::make(const std::string& service) {
  XdsResourcePtr& made = made_[service];
  if (!made) made = serialise(service, type_url::endpoint, *envoy::load_assignment(service, view_->endpoints(service)));
  return made;
}

std::shared_ptr<const Snapshot> EndpointUpdates::apply(std::shared_ptr<const Snapshot> snapshot) {
  const Snapshot::Resources& held = snapshot->of(type_url::endpoint);
  std::shared_ptr<Snapshot> changed;
  for (const std::string& service : services_)
    for (auto it = held.lower_bound(service); it != held.end() && it->first.starts_with(service); ++it) {
      if (it->first != service) {
        if (envoy::service_of_cluster(it->first) == service) return nullptr;
        continue;
      }
      XdsResourcePtr made = make(service);
      if (made->version == it->second->version) continue;
      if (!changed) changed = std::make_shared<Snapshot>(*snapshot);
      changed->add(type_url::endpoint, made);
    }
  return changed ? changed : snapshot;
}

}  // namespace kumasim::cp
