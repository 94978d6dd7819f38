/// Which ways a fault strikes: those of the chosen, or between the sides of a partition.
#pragma once

#include <string>
#include <vector>

#include "kumasim/runtime/random.hpp"
#include "kumasim/scenario/fault_order.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

using Names = std::vector<std::string>;

/// So many of them in a random order.
Names pick(Names from, std::size_t count, Random& random);

/// The instances that a selection draws.
Names choose(const Scenario& scenario, const Selection& selection, Random& random);

/// All ways of the chosen, as the order's `direction` says.
void isolate(FaultOrder& order, const Names& all);

/// Those between each two of two sides, as its `direction` says. Both may be one service.
void split(FaultOrder& order, const Names& one_side, const Names& other_side);

/// Each once, where it stood first.
void deduplicate(std::vector<Way>& ways);

/// Those that stand on the sides of a shape. Of byZone there are two sides at least, which the loader has found to be
/// possible: it is drawn until there are.
Names choose_for_shape(const Scenario& scenario, const Selection& selection, const std::string& word, Random& random);

/// Draws the sides of a partition among the processes; the answer says who they are.
std::string shape(FaultOrder& order, const Scenario& scenario, const Names& among, Random& random);

/// The replica of Global in the order's processes, or where these are all of them so many as are the lesser part, from
/// the others and from the store that all share; the answer says who they are.
std::string split_global(FaultOrder& order, const Scenario& scenario, Random& random);

}  // namespace kumasim::scenario
