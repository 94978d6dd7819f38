/// Which resources decide a fact of a flow, as far as the control plane's rules tell.
#pragma once

#include <set>

#include "scenarios/behaviour/flow.hpp"

namespace kumasim::scenario {

/// By kind, mesh and name; the Mesh only where it is among the kinds that decide the fact.
std::set<Deployment::Key> origins_of(const Deployment& deployment, const StillProxy& client,
                                     const cp::Outbound& outbound, const CallFacts& flow, const FactKind& fact);

}  // namespace kumasim::scenario
