/// Scenarios as documents, for commands that change them, and runs of what they became.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kumasim/scenario/plan.hpp"
#include "kumasim/scenario/report.hpp"
#include "kumasim/scenario/runner.hpp"
#include "scenarios/explore/expand.hpp"

namespace kumasim::cli {

/// The scenario, and its document with the files that it names in it; prints what is wrong to standard error.
std::optional<scenario::Source> load_source_or_complain(const std::string& file);

/// A simulated run of a scenario's text, as `kumasim run` does it.
struct Simulated {
  scenario::Scenario scenario;
  scenario::Plan plan;
  scenario::WorldRun run;
};

/// The error is what a loader says of the text, one line for each mistake.
std::expected<Simulated, std::string> simulate(const std::string& text, const std::string& file, std::uint64_t seed,
                                               const std::string& planted_bug, const scenario::RunWatch& watch = {});

}  // namespace kumasim::cli
