/// The conf of policies that say one thing for a whole proxy (`spec.default`): MeshProxyPatch, MeshMetric, MeshTrace,
/// ...
#pragma once

#include <nlohmann/json.hpp>

namespace kumasim::cp::policy {

struct MatchedPolicies;

/// Merged by precedence; an empty object where no policy matches.
nlohmann::json single_conf(const MatchedPolicies& policies);

}  // namespace kumasim::cp::policy
