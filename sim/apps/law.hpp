/// Laws of service time and of arrivals, drawn with integer arithmetic from a process's random stream.
#pragma once

#include <cstdint>
#include <optional>

#include "kumasim/runtime/random.hpp"
#include "kumasim/runtime/time.hpp"
#include "kumasim/sim/delay_law.hpp"

namespace kumasim::sim {

/// How long an application takes for a request.
struct LatencyLaw {
  enum class Kind : std::uint8_t { constant, uniform, exponential } kind = Kind::constant;
  Duration mean =
      std::chrono::milliseconds(5);    ///< of the constant law: the value; of the uniform one: between 0 and 2 x mean
  std::optional<DelayLaw> other = {};  ///< any law of the network; takes the place of the two above
};

Duration draw(const LatencyLaw& law, Random& random);

/// Exponential with this mean, by a table-free integer method (von Neumann's), the same on every compiler.
Duration draw_exponential(Duration mean, Random& random);

}  // namespace kumasim::sim
