/// One run of an exploration by itself: its scenario, and the commands that show it again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/chaos/summary.hpp"
#include "scenarios/explore/expand.hpp"

namespace kumasim::cli {

struct ExploredRun {
  std::uint64_t seed = 0;
  std::string branch = {};  // "" for the seed's own run
  Duration at{};            // when the branch's event came
};

/// "net.clog,proc.kill", as `--prefer` takes it.
std::string prefer_text(const std::vector<std::string>& kinds);

/// The scenario with what was drawn in comments. Nothing where the seed has no such branch. `profile` has the kinds
/// that it prefers.
std::optional<std::string> expanded_text(const scenario::Source& source, const scenario::Profile& profile,
                                         const std::string& planted_bug, const ExploredRun& run);

/// "seed-17.yaml", "seed-17-call.failed-2.yaml".
std::string file_of(const chaos::FailureGroup& group);

/// `folder`: where such files lie; "" where none are written.
chaos::ReplayCommands commands_for(const chaos::ResultsFile& results, std::string folder);

}  // namespace kumasim::cli
