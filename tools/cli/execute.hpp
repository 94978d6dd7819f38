/// Runs a scenario as the command line asks: worlds, seeds, twice, with progress on a terminal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/scenario/report.hpp"
#include "kumasim/sim/divergence.hpp"
#include "tools/cli/load.hpp"

namespace kumasim::cli {

struct ExecuteOptions {
  std::vector<std::uint64_t> seeds{1};
  std::string world = "sim";  // sim, live, both
  std::string planted_bug;
  bool twice = false;
  bool logs = false;
  bool messages = false;  // of the first simulated run that failed: it is done once more to listen to them
  std::string envoy;  // executable for the live world; "": the one that the build installed, else that in PATH
};

struct Executed {
  scenario::Report report;
  std::vector<std::string> differences;  // of pairs of runs, where `twice` found any
};

Executed execute(const scenario::Scenario& scenario, const ExecuteOptions& options);

/// One simulated run of that seed, again and again. `scenario` and `options` must outlive it.
sim::Replay replay_of(const scenario::Scenario& scenario, const ExecuteOptions& options, std::uint64_t seed);

}  // namespace kumasim::cli
