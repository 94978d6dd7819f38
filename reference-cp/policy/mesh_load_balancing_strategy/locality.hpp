/// In which order the endpoints of a cluster are tried: zones by priority, and shares inside of the own zone.
#pragma once

#include <string>

#include "reference-cp/policy/mesh_load_balancing_strategy/spec.hpp"
#include "reference-cp/xds/endpoint.hpp"

namespace envoy::config::endpoint::v3 {
class ClusterLoadAssignment;
}

namespace kumasim::cp::policy::mesh_load_balancing_strategy {

using LoadAssignment = ::envoy::config::endpoint::v3::ClusterLoadAssignment;

/// The proxy as a client.
struct Client {
  std::string zone;
  Tags tags;            ///< of all its inbounds and its gateway; of several values the first
  bool egress = false;  ///< other zones are reached through the zone's egress, which chooses among them
};

/// Whether endpoints of this locality have another priority than the conf gives them.
bool changes_priority(const Conf& conf, const Client& client, const Locality& locality);

void set_localities(LoadAssignment& assignment, const Conf& conf, const Client& client);

}  // namespace kumasim::cp::policy::mesh_load_balancing_strategy
