/// RateLimits (old) and ExternalServices judge one another: a limit on a service outside the mesh goes by its name
/// alone.
#pragma once

#include <vector>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/model/violation.hpp"

namespace kumasim::cp {

/// What a mesh's ExternalServices have against a RateLimit.
Violations judge_rate_limit(const Resource& rate_limit, const std::vector<ResourcePtr>& external_services);

/// What a mesh's RateLimits have against an ExternalService.
Violations judge_external_service(const Resource& service, const std::vector<ResourcePtr>& rate_limits);

}  // namespace kumasim::cp
