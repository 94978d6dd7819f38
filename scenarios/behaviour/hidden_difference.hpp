/// What resources that differ may do to calls that are not looked at.
#pragma once

#include <vector>

#include "scenarios/behaviour/behaviour_diff.hpp"
#include "scenarios/behaviour/deployment.hpp"
#include "scenarios/behaviour/resource_difference.hpp"

namespace kumasim::scenario {

/// A client before and after; one of the two may be null.
struct ClientPair {
  const StillProxy* was = nullptr;
  const StillProxy* is = nullptr;
};

/// Without `from`. One for each call that is not looked at, where some of `resources`, all that differ, may decide
/// something of it, with every category that these may give it; or where one set alone has the call. A call that is
/// looked at in one set is not among them: it is compared with no call.
std::vector<FlowDifference> hidden_differences(const ClientPair& client,
                                               const std::vector<ResourceDifference>& resources,
                                               const Deployment& before, const Deployment& after);

}  // namespace kumasim::scenario
