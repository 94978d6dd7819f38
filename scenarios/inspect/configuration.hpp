/// The configuration that a simulated proxy runs: as a list of resources, and as its Envoy's admin server would dump
/// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "scenarios/inspect/recorded_run.hpp"

namespace kumasim::scenario {

struct ConfigEntry {
  enum class State { active, warming, fixed };  ///< fixed: of the bootstrap document
  std::string type;  ///< "Listener", "Cluster", "ClusterLoadAssignment", "RouteConfiguration", "Secret"
  std::string name;
  State state = State::active;
  std::string version;              ///< "" where it is fixed
  XdsBytes bytes;                   ///< null where it is fixed
  std::optional<Duration> updated;  ///< when it became what it is
  nlohmann::json body;              ///< in protobuf's JSON with the API's own field names; private keys are left out
};

/// "active", "warming", "static".
std::string_view to_string(ConfigEntry::State state);

/// At the end of the run, in the order in which Envoy dumps it; empty while the process has no Envoy.
std::vector<ConfigEntry> configuration_of(const RecordedRun& run, const std::string& process);

/// What GET /config_dump?include_eds=true of its Envoy would give: {"configs": [...]} of envoy.admin.v3.
nlohmann::json config_dump(const RecordedRun& run, const std::string& process);

/// "Listener" of listener or listeners, and so on; "" for what is no such word.
std::string config_type(std::string_view word);
/// The words that config_type knows, one a type.
const std::vector<std::string>& config_words();

}  // namespace kumasim::scenario
