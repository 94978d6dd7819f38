/// Rules of MeshLoadBalancingStrategy.
#pragma once

#include <string>
#include <vector>

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

void validate_load_balancing(const Resource& resource, Violations& out);

void warn_load_balancing(const Resource& resource, std::vector<std::string>& out);

}  // namespace kumasim::cp
