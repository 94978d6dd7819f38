/// Scenario files for commands: loaded, or what is wrong with them told.
#pragma once

#include <optional>
#include <string>

#include "kumasim/scenario/scenario.hpp"

namespace kumasim::cli {

/// Loads the file or prints what is wrong with it to standard error.
std::optional<scenario::Scenario> load_or_complain(const std::string& file);

}  // namespace kumasim::cli
