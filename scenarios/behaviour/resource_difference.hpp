/// A resource that is in one of two sets alone, or in both with other contents.
#pragma once

#include <string>
#include <vector>

#include "scenarios/behaviour/deployment.hpp"

namespace kumasim::scenario {

struct ResourceDifference {
  std::string type, mesh, name;
  std::string state;  ///< added, removed, changed
  auto operator<=>(const ResourceDifference&) const = default;

  /// "MeshTimeout web-timeouts changed"
  std::string text() const;
};

/// Sorted; of Dataplanes none.
std::vector<ResourceDifference> resource_differences(const Deployment& before, const Deployment& after);

}  // namespace kumasim::scenario
