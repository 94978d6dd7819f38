/// Topologies of Istio's Isotope (istio/tools, isotope/README.md) as scenarios.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/scenario/diagnostic.hpp"

namespace kumasim::scenario {

struct IsotopeOptions {
  std::string name = "isotope";   // of the scenario
  std::string client = "client";  // the service that calls the entry points
  std::string rate = "100/s";     // of calls to each of them
  std::string duration = "60s";
};

struct IsotopeScenario {
  std::string yaml;                // a scenario file
  std::vector<std::string> notes;  // what of the topology has no counterpart in it
};

/// Services, replicas, error rates, sizes and scripts as Isotope's service runs them: it answers 500 to so many
/// requests at once, else when its script is done, and 500 where a call of it failed. The mesh has mTLS and allows
/// every call.
std::expected<IsotopeScenario, Diagnostics> scenario_from_isotope(std::string_view text, const std::string& file,
                                                                  const IsotopeOptions& options);

}  // namespace kumasim::scenario
