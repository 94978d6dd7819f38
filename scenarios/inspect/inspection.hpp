/// A mesh at one moment of a run: every process, one of them, or resources of a proxy's configuration.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "scenarios/inspect/recorded_run.hpp"

namespace kumasim::scenario {

/// {"scenario", "seed", "atSeconds", "time", "events", "fingerprint", "faults": [..], "controlPlane": {..},
///  "proxies": {"web-0": {..}}}.
nlohmann::json mesh_json(const RecordedRun& run);
/// One process with all that is known of it: what of the configuration is in use and warms, the last pushes.
/// Of control planes beside the first, and of shared stores, whether they run. REQUIRES: an instance or one of these.
nlohmann::json process_json(const RecordedRun& run, const std::string& process);
/// {"process", "atSeconds", "resources": [{"type", "name", "state", "version", "why": {..}, "resource": {..}}]}.
/// `name` "" for all of the type. REQUIRES: an instance; config_type gave the type.
nlohmann::json resources_json(const RecordedRun& run, const std::string& process, const std::string& type,
                              const std::string& name);

/// One proxy, as in mesh_json.
nlohmann::json proxy_json(const RecordedRun& run, const std::string& process);
nlohmann::json control_plane_json(const RecordedRun& run);
/// [{"kind", "text", "sinceSeconds"}] of what goes on at that moment.
nlohmann::json faults_json(const RecordedRun& run, Duration when);

}  // namespace kumasim::scenario
