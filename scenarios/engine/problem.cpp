/// Names of problems.
#include "kumasim/scenario/problem.hpp"

#include <fmt/format.h>

#include "kumasim/scenario/quantity.hpp"

namespace kumasim::scenario {

std::string_view to_string(Problem::Kind kind) {
  switch (kind) {
    case Problem::Kind::set_up: return "set-up";
    case Problem::Kind::interrupted: return "interrupted";
    case Problem::Kind::load: return "load";
    case Problem::Kind::refused_change: return "refused-change";
    case Problem::Kind::control_plane: return "control-plane";
    case Problem::Kind::process: return "process";
    case Problem::Kind::internal: return "internal";
  }
  return "internal";
}

std::string text_of(const Problem& problem) {
  // Nanoseconds of a moment tell nobody anything.
  return problem.at ? fmt::format("at {}: {}", duration_text(*problem.at / 1'000'000 * 1'000'000), problem.text)
                    : problem.text;
}

}  // namespace kumasim::scenario
