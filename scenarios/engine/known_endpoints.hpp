/// What proxies should know of the services that they call.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/scenario/observation.hpp"
#include "kumasim/scenario/scenario.hpp"
#include "scenarios/engine/destination.hpp"

namespace kumasim::scenario {

/// A MeshLoadBalancingStrategy, or its specification alone, says something of zones.
bool speaks_of_zones(const nlohmann::json& strategy);

/// Of a resource as a file has it. What it does not say is as by default.
ZoneRouting zone_routing_of(const nlohmann::json& body);

class KnownEndpoints {
 public:
  /// What a proxy is to know, and what of it may be missing: where a policy decides on the zones.
  struct Wanted {
    std::set<std::string> all, optional = {};
    bool is(const std::set<std::string>& known) const;
  };

  /// All of them must outlive it.
  KnownEndpoints(const Scenario& scenario, const Observations& seen, const StateSample& sample);

  /// As Scenario::find_instance and find_service, without looking through all.
  const Instance* instance(std::string_view process) const;
  const Service* service(std::string_view name) const;

  /// address:port of the running instances that the call leads to; of those in other zones that are not disabled the
  /// running ingresses of their zones, or, of a kuma.io/service where the mesh has `routing.zoneEgress`, the running
  /// egresses of the caller's own. By what was written last.
  Wanted wanted(const Instance& caller, const Outbound& call) const;
  /// Without those of zones that are lost: whose control plane does not run. Others keep what it said last.
  std::set<std::string> judged(std::set<std::string> endpoints) const;

 private:
  bool runs(const std::string& process) const;
  std::string address_of(const std::string& process) const;
  void take_routing();
  void add_running(const std::vector<std::string>& processes, std::set<std::string>& out) const;

  const Scenario& scenario_;
  const Observations& seen_;
  const StateSample& sample_;
  Destinations destinations_;
  std::map<std::string_view, const Instance*> instances_;             // by process
  std::map<std::string_view, const Service*> services_;               // by name
  std::map<std::string_view, std::vector<const Instance*>> running_;  // by service
  std::set<std::string> by_egress_;                                   // meshes
  std::set<std::string> disabled_;                                    // zones
  bool by_locality_ = false;
  std::set<std::string> lost_;  // address:port of ingresses
};

}  // namespace kumasim::scenario
