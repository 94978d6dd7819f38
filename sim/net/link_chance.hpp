/// What happens to segments of one direction of a link, each with those before it in mind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "kumasim/runtime/random.hpp"
#include "kumasim/runtime/time.hpp"
#include "kumasim/sim/link.hpp"

namespace kumasim::sim {

/// Whether the next one is lost. `bursting`: the one before it was, of use where losses come in bursts.
bool draw_loss(const LinkOptions& link, bool& bursting, Random& random);

/// A delay as its correlation with the last one makes it, which it becomes.
Duration correlated(Duration drawn, std::uint32_t correlation_ppm, std::optional<Duration>& last);

/// What a bottleneck takes for them, behind what is in it; `free`: when it has passed all of that on.
/// REQUIRES: bytes_per_second > 0.
Duration squeezed(std::size_t bytes, std::uint64_t bytes_per_second, MonotonicTime now, MonotonicTime& free);

}  // namespace kumasim::sim
