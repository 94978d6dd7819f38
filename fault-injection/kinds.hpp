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
std::vector<Kind> store_kinds();        // store
std::vector<Kind> view_kinds();         // view
std::vector<Kind> load_kinds();         // load
std::vector<Kind> configuration_kinds();  // cfg
std::vector<Kind> operation_kinds();      // ops
std::vector<Kind> discovery_kinds();      // xds
std::vector<Kind> certificate_kinds();    // pki
std::vector<Kind> zone_kinds();           // kds

}  // namespace kumasim::fault
