/// Delta debugging: the parts of a failing whole that the failure needs (Zeller and Hildebrandt, "Simplifying and
/// Isolating Failure-Inducing Input", 2002; the reduction to complements).
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace kumasim::chaos {

/// Numbers of the parts that are kept, ascending.
using Parts = std::vector<std::size_t>;

/// Which of the candidates is the first, in their order, that still fails; nothing where none does. It may try them
/// side by side and in any order: the answer must be the same.
using FirstFailing = std::function<std::optional<std::size_t>(const std::vector<Parts>& candidates)>;

/// A subset of the parts 0 .. count-1 that still fails, and fails no longer where any one of its parts is dropped.
/// REQUIRES: all of the parts together fail.
Parts ddmin(std::size_t count, const FirstFailing& first_failing);

}  // namespace kumasim::chaos
