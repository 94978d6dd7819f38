/// What the seeds of an exploration came to: groups of failures, coverage, and what no run ever reached.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kumasim/chaos/confidence.hpp"
#include "kumasim/chaos/results.hpp"

namespace kumasim::chaos {

/// Runs that failed alike.
struct FailureGroup {
  std::string signature;
  std::size_t count = 0;
  std::uint64_t least_seed = 0;
  std::string branch;          // of the least seed; "" where its own run failed so
  std::int64_t branch_ns = 0;  // when its event came
  Failure example;             // of that run, and so below
  std::vector<std::string> drawn;
  std::uint64_t fingerprint = 0;
};

struct KindCoverage {
  std::size_t runs = 0;    // that could have it
  std::size_t struck = 0;  // runs in which it struck
  std::uint64_t faults = 0;
  std::size_t failed = 0;  // of the runs in which it struck
};

/// How often a `usually` expectation held, and what that proves.
struct Estimate {
  Usual of;
  std::size_t held = 0, runs = 0;
  Proof proof = Proof::open;
  std::size_t runs_needed = 0;  // at least so many would prove it, were all others to hold; where it is open
};

struct Summary {
  Exploration exploration;
  std::size_t runs = 0, passed = 0;                         // branches too
  std::size_t branches = 0;                                 // of these
  std::vector<FailureGroup> groups;                         // most frequent first, then by least seed
  std::vector<std::pair<std::string, KindCoverage>> kinds;  // in the order of the exploration
  std::vector<std::pair<std::string, std::size_t>> probes;  // -> runs that reached it
  /// Probe -> for each kind, in the order of `kinds`, runs in which the kind struck and the probe was reached.
  std::map<std::string, std::vector<std::size_t>> crossed;
  std::vector<Estimate> estimates;     // judged where `never` is; empty until then
  std::vector<std::string> never;      // wanted, and reached by no run; judged where all seeds of all shards are there
  std::vector<std::uint64_t> missing;  // seeds without a result
  std::uint64_t events = 0;
  std::int64_t simulated_ms = 0, wall_ms = 0;  // wall: of all runs, one after the other

  /// A shard may have no seed.
  bool held() const {
    return (runs > 0 || exploration.shards > 1) && groups.empty() && never.empty() && missing.empty() &&
           std::ranges::all_of(estimates, [](const Estimate& one) { return one.proof == Proof::shown; });
  }
};

/// Does not depend on the order in which seeds ended, nor on how they were divided.
Summary summarise(const ResultsFile& results);

/// `replay` is given a group and returns the commands that show it again.
using ReplayCommands = std::function<std::vector<std::string>(const FailureGroup& group)>;

std::string summary_text(const Summary& summary, const ReplayCommands& replay);
nlohmann::json summary_json(const Summary& summary, const ReplayCommands& replay);

}  // namespace kumasim::chaos
