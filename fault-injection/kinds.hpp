/// The parts of the catalogue, by group.
#pragma once

#include <vector>

#include "kumasim/fault/catalogue.hpp"

namespace kumasim::fault {

std::vector<Kind> network_kinds();      // net
std::vector<Kind> connection_kinds();   // tcp, dns
std::vector<Kind> process_kinds();      // proc
std::vector<Kind> disk_kinds();         // disk
std::vector<Kind> clock_kinds();        // clock
std::vector<Kind> application_kinds();  // app

}  // namespace kumasim::fault
