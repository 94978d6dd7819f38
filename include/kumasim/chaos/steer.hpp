/// Which kinds of faults the runs of an exploration have shown least of.
#pragma once

#include <string>
#include <vector>

#include "kumasim/chaos/results.hpp"

namespace kumasim::chaos {

/// A quarter of `kinds`, rounded up: those that struck beside the fewest different probes, and of these, those that
/// struck in the fewest runs; else the first ones. Branches count as runs.
std::vector<std::string> seen_least(const std::vector<std::string>& kinds, const std::vector<SeedResult>& results);

}  // namespace kumasim::chaos
