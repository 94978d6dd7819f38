/// Outbounds for Dataplanes that are only asked what would be if they called a service.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "scenarios/behaviour/deployment.hpp"

namespace kumasim::scenario {

/// What can be called in one mesh.
class Callable {
 public:
  /// `resources` are all of a set, in the Universal form.
  Callable(const std::string& mesh, const std::vector<nlohmann::json>& resources);

  /// Adds the outbounds that the options ask for to a Dataplane of the mesh, and where it has none and `calls_known` is
  /// false all of them.
  void complete(nlohmann::json& dataplane, const DeploymentOptions& options, bool calls_known) const;

 private:
  struct Target {
    std::string name;
    nlohmann::json reference;  ///< "tags" or "backendRef" with its value
  };
  std::vector<Target> targets_;
};

}  // namespace kumasim::scenario
