/// MeshMultiZoneServices as zones have them: Global made them, and sent them.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

/// The name by which people and references know a resource.
std::string shown_name(const nlohmann::json& resource);

/// In a zone the name of a MeshMultiZoneService has a hash at its end: what names one is changed to find it by the
/// label kuma.io/display-name, which Global gives it. A Dataplane stays as it is, for it was made in the zone.
nlohmann::json as_zones_have_it(nlohmann::json resource);

/// What a call of a scenario is known by where nothing runs: the service, or its MeshMultiZoneService.
std::string name_of_call(const Outbound& call);

}  // namespace kumasim::scenario
