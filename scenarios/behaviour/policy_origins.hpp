/// Which resources decide a fact of a flow, as far as the control plane's rules tell.
#pragma once

#include <set>
#include <string_view>

#include "scenarios/behaviour/flow.hpp"

namespace kumasim::scenario {

/// By kind, mesh and name; the Mesh only where it is among the kinds that decide the fact.
/// REQUIRES: the way leads somewhere.
std::set<Deployment::Key> origins_of(const Deployment& deployment, const WayIn& way, const CallFacts& flow,
                                     const FactKind& fact);

/// Routes and gateways decide whether a call gets anywhere, not whether it may.
bool only_leads(std::string_view type);
/// A builtin gateway's own: it decides calls from outside alone.
bool is_of_gateways(std::string_view type);

}  // namespace kumasim::scenario
