/// Why a proxy's resource is as it is: the commit behind it, the push that brought it, and what it needs of the store.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "scenarios/inspect/provenance.hpp"

namespace kumasim::scenario {

struct Why {
  const Commit* changed = nullptr;  ///< made it what it is; null where nobody knows
  const Push* push = nullptr;       ///< brought it; null for what the bootstrap has
  std::vector<Needed> needed = {};
  /// It was made again from the store and is the same, byte for byte; absent for what holds certificates, and fixed
  /// resources.
  std::optional<bool> equal = {};
};

/// Of a resource that the proxy runs at the end of the run: type ("Listener") and name.
Why why_of(const RecordedRun& run, Provenance& provenance, const std::string& process, const std::string& type,
           const std::string& name);

/// {"changedBy": a commit, "push": {..}, "needs": [..], "madeAgain": "equal"}.
nlohmann::json why_json(const Scenario& scenario, const Why& why);
/// For people; without an end of line.
std::vector<std::string> why_lines(const Scenario& scenario, const Why& why);

nlohmann::json push_json(const Push& push);
/// "version 549cfb31.. made at 1s, pushed at 1s, received at 1.002s, ACK at 1.002s".
std::string push_text(const Push& push);

/// Where the scenario has what the commit wrote: "scenarios/quickstart.yaml:31"; "" where nobody wrote it down.
std::string written_in(const Scenario& scenario, const Commit& commit);

}  // namespace kumasim::scenario
