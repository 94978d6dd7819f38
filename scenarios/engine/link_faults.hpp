/// Faults of links, as both worlds read them.
#pragma once

#include "kumasim/scenario/fault_order.hpp"
#include "kumasim/sim/link.hpp"

namespace kumasim::scenario {

/// What a fault of a link makes of one direction of it; nothing where it is about something else.
void change_link(sim::LinkOptions& link, const FaultOrder& order);

}  // namespace kumasim::scenario
