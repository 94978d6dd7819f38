/// What an outbound of a Dataplane leads to.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

struct Destination {
  enum class Kind : std::uint8_t { service_tag, mesh_service, mesh_multi_zone_service };

  std::string service;  ///< of the topology, that is called
  Kind kind = Kind::service_tag;
  std::string name = {};  ///< kuma.io/service, or kuma.io/display-name
  /// Of the Dataplane's outbound: `kind`, and `name` or `labels`, and `port` where one was written; null of a
  /// kuma.io/service.
  nlohmann::json backend_ref = {};
  std::optional<std::set<std::string>> zones = {};  ///< whose instances are behind it; absent: all, or there are none

  bool leads_to(const Instance& server) const { return !zones || zones->contains(server.zone()); }
};

/// Those of a scenario: what its `calls` name, or, where they name nothing, the MeshService of the caller's zone in a
/// mesh whose `meshServices.mode` is Exclusive, and else the kuma.io/service.
class Destinations {
 public:
  explicit Destinations(const Scenario& scenario);

  /// REQUIRES: the caller is an instance of the service.
  Destination of(const Service& service, const Instance& caller, const Outbound& call) const;
  /// Of all that it calls, in their order.
  std::vector<Destination> of(const Service& service, const Instance& caller) const;

  /// Of a mesh that the scenario begins with: "" where it says none.
  std::string mode(const std::string& mesh) const;
  /// The specification of a MeshMultiZoneService that the scenario begins with; null where there is none.
  const nlohmann::json* multi_zone_service(const std::string& mesh, const std::string& name) const;

 private:
  bool has_zones_;
  std::map<std::string, std::string> modes_;                                           // by mesh
  std::map<std::pair<std::string, std::string>, nlohmann::json> multi_zone_services_;  // mesh and name
};

/// The service of the destination that a cluster is of; "" for none. Kuma names clusters NAME, NAME-HASH (a part of a
/// split), MESH_NAME_NAMESPACE_ZONE_msvc_PORT, and MESH_NAME___mzsvc_PORT.
std::string service_of_cluster(const std::string& cluster, const std::vector<Destination>& called);

/// The specifications of the Meshes that the scenario begins with, by name.
std::map<std::string, nlohmann::json> mesh_specifications(const Scenario& scenario);

}  // namespace kumasim::scenario
