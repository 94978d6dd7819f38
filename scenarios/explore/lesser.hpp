/// Smaller values in place of those that a document has: fewer instances, shorter times, fewer calls.
#pragma once

#include <vector>

#include <nlohmann/json.hpp>

namespace kumasim::scenario {

/// One value of a document and what may stand in its place, least first.
struct Lesser {
  nlohmann::json::json_pointer at;
  std::vector<nlohmann::json> values;
};

/// In the order in which they are worth trying: the run's length first. What an expectation allows keeps its length:
/// its window moves as a whole, and not before a fault or a change that it follows.
std::vector<Lesser> lesser_values(const nlohmann::json& document);

/// The document with all its moments earlier by as much as the earliest of them is late, by half of it and so on, and
/// the run shorter by as much; nothing where a moment is a range or everything begins at once.
std::vector<nlohmann::json> earlier(const nlohmann::json& document);

}  // namespace kumasim::scenario
