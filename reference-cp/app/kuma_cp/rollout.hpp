/// What the proxies run, as their answers tell: whether it is up to date, and which policies are in it.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "reference-cp/app/kuma_cp/reconciler.hpp"

namespace kumasim::cp {

/// `policies` are named TYPE/MESH/NAME; a Mesh as Mesh//NAME.
///
///     {"behind": false,
///      "proxies": {"web-0": {"connected": true, "current": true, "refused": {"Listener": "..."}}},
///      "policies": {"MeshRetry/default/r": {"web-0": true}}}
///
/// `behind`: something that was written is in no configuration yet. `proxies`: every Dataplane; `current` says that its
/// proxy has taken the newest configuration that could be made for it. `policies`: those that are stored, each with the
/// Dataplanes that it is about, and whether the last configuration that the proxy took as a whole was made with the
/// policy as it is now.
nlohmann::json rollout(const Reconciler& reconciler, const std::vector<std::string>& policies);

}  // namespace kumasim::cp
