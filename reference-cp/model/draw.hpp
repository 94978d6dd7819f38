/// Values and resources drawn by chance, of the right shape for a kind: what property tests feed the codec with.
#pragma once

#include <cstdint>

#include <nlohmann/json.hpp>

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

/// The source of chance: a property test's generator, or a seed.
class Draw {
 public:
  virtual ~Draw() = default;
  /// From 0 to bound - 1; REQUIRES: bound > 0.
  virtual std::uint64_t below(std::uint64_t bound) = 0;
};

/// A value that the schema takes without a violation. It is not canonical: protobuf kinds get zeros and snake_case
/// names at times, durations are written in several ways.
nlohmann::json draw_value(const Schema& schema, Draw& draw);

/// The body of a resource in the Universal form. Its shape is right; the kind's further rules may refuse it.
nlohmann::json draw_body(const Kind& kind, Draw& draw);

}  // namespace kumasim::cp
