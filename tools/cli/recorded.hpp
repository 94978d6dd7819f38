/// A run for commands that look into it: made with a progress line, its troubles told.
#pragma once

#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "scenarios/inspect/recorded_run.hpp"
#include "tools/cli/run_name.hpp"

namespace kumasim::cli {

/// Null, with the reason on standard error, where the mesh did not come up, or the run went to its end and is not the
/// one that was named.
std::unique_ptr<scenario::RecordedRun> record(const scenario::Scenario& scenario, const RunName& name,
                                              std::optional<Duration> until);

/// `format` is json or yaml.
void print_value(const nlohmann::json& value, const std::string& format);

}  // namespace kumasim::cli
