/// What both zone proxies have.
#pragma once

#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/resource_set.hpp"
#include "reference-cp/xds/zone/zone_proxy.hpp"

namespace kumasim::cp::zone {

/// The admin listener and its clusters.
void add_admin(ResourceSet& resources, const ZoneProxy& proxy);

/// Where the zone proxy takes connections, without chains.
envoy::ListenerPtr make_listener(const ZoneProxy& proxy);

/// Services of one mesh among those that an ingress offers.
std::vector<nlohmann::json> services_of(const Resource& ingress, const std::string& mesh);

}  // namespace kumasim::cp::zone
