/// What of a scenario's document can be left out.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace kumasim::scenario {

using Part = nlohmann::json::json_pointer;

/// Items of the lists that make a scenario: expectations, faults, changes, load, links, overrides, resources, services,
/// their calls and versions; and the liveness phase.
std::vector<Part> large_parts(const nlohmann::json& document);

/// Everything else that may be absent: fields of metadata, services, faults, expectations, and of the resources at any
/// depth. What names a thing, and a fault's length, is none: without it the scenario would be another one, not less.
std::vector<Part> small_parts(const nlohmann::json& document);

/// The document without these parts and all that is in them.
nlohmann::json without(const nlohmann::json& document, const std::vector<Part>& parts);

/// "spec.faults[0]", and for a thing with a name "spec.topology.services[1] (backend)".
std::string part_text(const nlohmann::json& document, const Part& part);

}  // namespace kumasim::scenario
