/// Which of a scenario's resources drawn faults may strike, and how.
#pragma once

#include "kumasim/chaos/swarm.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

/// Adds them to the surface:
/// - every resource that the scenario begins with, unless a change deletes it;
/// - of these as `spare`: policies that only tune, and MeshTrafficPermissions that do nothing but allow;
/// - as `changed`: what a change applies or deletes, but for a Mesh, which might lose its mTLS.
void add_resources(const Scenario& scenario, chaos::Surface& surface);

}  // namespace kumasim::scenario
