/// Which seeds a simulated test runs: its own, or those that whoever runs it asks for.
#pragma once

#include <cstdint>
#include <string_view>

#include "kumasim/runtime/error.hpp"

namespace kumasim::testing {

/// Both ends included.
struct Seeds {
  std::uint64_t first = 1, last = 1;
  bool operator==(const Seeds&) const = default;
};

/// "7", or "1..1000". invalid_argument for anything else.
Result<Seeds> parse_seeds(std::string_view text);

/// What the environment asks for: KUMASIM_SEED=7 for one, KUMASIM_SEEDS=1000 for the first thousand or
/// KUMASIM_SEEDS=200..300; else `own`.
Result<Seeds> asked_seeds(Seeds own);

}  // namespace kumasim::testing
