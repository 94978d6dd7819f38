/// What resources that differ may do to calls that are not looked at.
#pragma once

#include <string>
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

/// The proxy has such a call, which is not looked at.
bool hides(const StillProxy* proxy, const std::string& destination);

/// Without `from`. One for each call that is not looked at, where some of `resources`, all that differ, may decide
/// something of it, with every category that these may give it; or where it is looked at, is not there or leads to
/// somewhere else in the other set.
std::vector<FlowDifference> hidden_differences(const ClientPair& client,
                                               const std::vector<ResourceDifference>& resources,
                                               const Deployment& before, const Deployment& after);

}  // namespace kumasim::scenario
