/// What changes for the calls of a mesh when one set of resources takes the place of another.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "scenarios/behaviour/deployment.hpp"
#include "scenarios/behaviour/difference_category.hpp"
#include "scenarios/behaviour/fact.hpp"
#include "scenarios/behaviour/resource_difference.hpp"

namespace kumasim::scenario {

struct FlowDifference {
  std::string mesh;
  std::vector<std::string> from;           ///< services, or some Dataplanes of one: "web version=v2"; or "outside"
  std::string to;                          ///< "": of no call, but of the proxies' configuration; "gateway:80 a.b"
  std::vector<std::string> requests = {};  ///< those that it is about; empty: all that were looked at
  FactId fact = FactId::access;
  std::string before, after;
  std::string why_before = {}, why_after = {};    ///< the proxies' reasons
  std::vector<ResourceDifference> policies = {};  ///< resources that differ and decide it, as far as is known
  std::vector<std::string> categories = {};       ///< of difference_categories(), sorted

  /// "web -> backend GET /api: timeout 15s -> 5s (MeshTimeout web-timeouts changed)"
  std::string text() const;
};

struct BehaviourDiff {
  std::string before, after;
  std::size_t flows = 0;  ///< pairs of a client and a destination, and doors of gateways
  std::vector<FlowDifference> changes = {};
  std::vector<ResourceDifference> resources = {};
  std::vector<std::string> notes = {};
};

/// Both were made in one workshop. `scenario` adds the paths of its calls to the requests that are looked at.
BehaviourDiff compare(const Deployment& before, const Deployment& after, const Scenario* scenario);

std::string diff_text(const BehaviourDiff& diff);
nlohmann::json diff_json(const BehaviourDiff& diff);

}  // namespace kumasim::scenario
