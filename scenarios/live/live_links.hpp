/// The links of a scenario, as frames between network namespaces meet them.
#pragma once

#include "kumasim/scenario/scenario.hpp"
#include "reference-cp/live/ethernet_switch.hpp"

namespace kumasim::scenario {

/// Ports are Scenario::processes(), in that order. What no link speaks of arrives at once. Empty where there are no
/// links.
live::EthernetSwitch::Way way_of_links(const Scenario& scenario);

}  // namespace kumasim::scenario
