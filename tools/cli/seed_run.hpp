/// One seed of an exploration: its run, and the branches that leave it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "kumasim/chaos/results.hpp"
#include "scenarios/explore/expand.hpp"
#include "tools/cli/worker_pool.hpp"

namespace kumasim::cli {

/// Kinds of the faults that the scenario itself has.
std::set<std::string> fault_kinds_of(const scenario::Scenario& scenario);

/// In a process of its own. At the first event of each kind so many `branches` leave the run, each a process that goes
/// on from there with one more fault while this one waits. Says a line for each branch that has ended; the answer is
/// that of its own run.
std::string run_seed(const scenario::Source& source, const scenario::Profile& profile, std::uint64_t seed,
                     const std::string& planted_bug, unsigned branches, const Say& say);

/// What came of such a process. Where its own run died, that is the failure, and the branches that had ended by then
/// stand beside it.
chaos::SeedResult result_of(const Finished& finished, std::uint64_t seed);

/// The scenario of "call.failed/2", the second branch at the first call.failed, which came at `at`: `kumasim run` with
/// the seed does what that branch did. Nothing where there is no such branch.
std::optional<scenario::Expanded> expand_branch(const scenario::Source& source, const scenario::Profile& profile,
                                                std::uint64_t seed, const std::string& branch, Duration at);

/// When the first event of that branch comes: runs the seed. Nothing where none comes.
std::optional<Duration> time_of_branch(const scenario::Source& source, const scenario::Profile& profile,
                                       std::uint64_t seed, const std::string& planted_bug, const std::string& branch);

}  // namespace kumasim::cli
