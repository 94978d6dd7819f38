/// Reports in the format that was asked for, to standard output or a file.
#pragma once

#include <string>
#include <vector>

#include "kumasim/scenario/report.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim::cli {

inline const std::vector<std::string> output_formats{"text", "json", "yaml", "junit", "html"};

/// `file` empty: to standard output; else to the file, and a short text to standard output. False where it cannot be
/// written.
bool write_report(const scenario::Scenario& scenario, const scenario::Report& report, const std::string& format,
                  const std::string& file);

}  // namespace kumasim::cli
