/// The recoverable budget: faults after which a mesh must be able to come back by itself (as the fault atlas of
/// TigerBeetle's simulator keeps its cluster alive).
#pragma once

#include <optional>
#include <string>

#include "kumasim/chaos/swarm.hpp"

namespace kumasim::chaos {

/// Why the drawing takes more than must be survived; nothing where it stays within the budget:
/// - every fault is over by the end of the surface, and what it struck is back as it was;
/// - one instance at least of each group that has several is not disabled, at every moment at which a drawn fault
///   disables one; given faults count as if they took as many of a group as they may, for as long as they may;
/// - no victim is struck by a second fault before the first is over, but for one that shows the other
///   (FaultKind::shown_by); a service is its instances.
std::optional<std::string> beyond_budget(const Surface& surface, const Drawn& drawn);

}  // namespace kumasim::chaos
