/// Outbounds for Dataplanes that are only asked what would be if they called a service.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "scenarios/behaviour/deployment.hpp"

namespace kumasim::scenario {

/// What can be called in one mesh.
class Callable {
 public:
  /// `resources` are all of a set, in the Universal form.
  Callable(const std::string& mesh, const std::vector<nlohmann::json>& resources);

  /// Adds the outbounds that the options ask for to a Dataplane of the mesh, and where it has none and is not among
  /// the `callers`, which have a mesh and a name, all of them.
  void complete(nlohmann::json& dataplane, const DeploymentOptions& options,
                const std::set<std::pair<std::string, std::string>>& callers) const;

 private:
  struct Target {
    std::string name;
    nlohmann::json reference;  ///< "tags" or "backendRef" with its value
    bool multi_zone = false;   ///< a MeshMultiZoneService
  };
  std::string mesh_;
  std::vector<Target> targets_;
};

}  // namespace kumasim::scenario
