/// Runs a scenario as the command line asks: worlds, seeds, twice, with progress on a terminal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/scenario/report.hpp"

namespace kumasim::cli {

struct ExecuteOptions {
  std::vector<std::uint64_t> seeds{1};
  std::string world = "sim";  // sim, live, both
  std::string planted_bug;
  bool twice = false;
  bool logs = false;
  std::string envoy;  // executable for the live world; "": the one that the build installed, else that in PATH
};
  bool messages = false;  // of the first simulated run that failed: it is done once more to listen to them

struct Executed {
  scenario::Report report;
  std::vector<std::string> differences;  // of pairs of runs, where `twice` found any
};

Executed execute(const scenario::Scenario& scenario, const ExecuteOptions& options);

/// Loads the file or prints what is wrong with it to standard error.
std::optional<scenario::Scenario> load_or_complain(const std::string& file);

}  // namespace kumasim::cli
