/// A scenario made from the resources of a control plane: its services, who calls whom, and its policies as they are.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/scenario/diagnostic.hpp"

namespace kumasim::scenario {

struct ImportedScenario {
  nlohmann::json document;         ///< of a scenario file
  std::vector<std::string> notes;  ///< what is left out or changed, for people
};

/// From all resources in the Universal form, as the REST API lists them. Left out: what a control plane makes itself,
/// insights, secrets, zones and zone proxies; a mesh with a CA of its own gets a builtin one. Each inbound of a
/// Dataplane becomes an instance of its service; a Dataplane without outbounds is taken to call every other service.
/// Each call has a load, and the expectation that its configuration promises without time. Fails where no Dataplane has
/// a service.
std::expected<ImportedScenario, Diagnostics> import_scenario(const std::vector<nlohmann::json>& resources,
                                                             const std::string& name, const std::string& origin);

}  // namespace kumasim::scenario
