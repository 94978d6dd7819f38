/// What an outbound of a Dataplane leads to.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

struct Destination {
  enum class Kind : std::uint8_t { service_tag, mesh_service, mesh_multi_zone_service };

  std::string service;  ///< of the topology, that is called
  Kind kind = Kind::service_tag;
  std::string name = {};  ///< kuma.io/service, or kuma.io/display-name
  std::string zone = {};  ///< of a MeshService; "": the caller's own
  /// Of the Dataplane's outbound: `kind`, and `name` or `labels`, and `port` where one was written; null of a
  /// kuma.io/service.
  nlohmann::json backend_ref = {};

  /// Whether instances of the service in one zone are behind it for callers in another; "" is no zone.
  bool leads_to(const std::string& zone_of_server, const std::string& zone_of_caller) const;
};

/// Those of a scenario: what its `calls` name, or, where they name nothing, the MeshService of the caller's zone in a
/// mesh whose `meshServices.mode` is Exclusive, and else the kuma.io/service.
class Destinations {
 public:
  explicit Destinations(const Scenario& scenario);

  Destination of(const Service& caller, const Outbound& call) const;
  /// Of all that it calls, in their order.
  std::vector<Destination> of(const Service& caller) const;

 private:
  std::set<std::string> exclusive_;  // meshes
};

/// The service of the destination that a cluster is of; "" for none. Kuma names clusters NAME, NAME-HASH (a part of a
/// split), MESH_NAME_NAMESPACE_ZONE_msvc_PORT, and MESH_NAME___mzsvc_PORT.
std::string service_of_cluster(const std::string& cluster, const std::vector<Destination>& called);

/// The specifications of the Meshes that the scenario begins with, by name.
std::map<std::string, nlohmann::json> mesh_specifications(const Scenario& scenario);

}  // namespace kumasim::scenario
