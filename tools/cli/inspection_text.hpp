/// A mesh at one moment of a run, for people.
#pragma once

#include <string>

#include "scenarios/inspect/recorded_run.hpp"

namespace kumasim::cli {

/// All processes, a line each.
std::string mesh_text(const scenario::RecordedRun& run);
/// REQUIRES, here and below: as the functions of inspection.hpp.
std::string process_text(const scenario::RecordedRun& run, const std::string& process);
std::string resources_text(const scenario::RecordedRun& run, const std::string& process, const std::string& type,
                           const std::string& name);

}  // namespace kumasim::cli
