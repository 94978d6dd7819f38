/// Kinds of faults of what a mesh is made of beside processes and links: its store, conversations, resources and load.
#pragma once

#include <vector>

#include "kumasim/chaos/fault_kind.hpp"

namespace kumasim::chaos {

std::vector<FaultKind> store_kinds();
std::vector<FaultKind> discovery_kinds();
std::vector<FaultKind> certificate_kinds();
std::vector<FaultKind> resource_kinds();
std::vector<FaultKind> operation_kinds();
std::vector<FaultKind> load_kinds();
std::vector<FaultKind> zone_kinds();

}  // namespace kumasim::chaos
