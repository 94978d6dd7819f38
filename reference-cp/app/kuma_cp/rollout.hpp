/// What the proxies run, as their answers tell: whether it is up to date, and which policies are in it.
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "reference-cp/app/kuma_cp/reconciler.hpp"

namespace kumasim::cp {

/// For each policy all Dataplanes of its mesh are looked at.
inline constexpr std::size_t rollout_policies_max = 100;

/// `policies` are named TYPE/MESH/NAME; a Mesh as Mesh//NAME. REQUIRES: at most rollout_policies_max.
///
///     {"behind": false,
///      "proxies": {"default": {"web-0": {"connected": true, "current": true, "refused": {"Listener": "..."}}}},
///      "policies": {"MeshRetry/default/r": {"web-0": true}},
///      "failed": {"default": {"derived-services": "why"}}}
///
/// `behind`: something that was written is in no configuration yet. `proxies`: every Dataplane, by its mesh; `current`
/// says that its proxy has taken the newest configuration that could be made for it, and that no step for its mesh has
/// failed. `policies`: those that are stored, each with the Dataplanes of its mesh that it is about, and whether the
/// last configuration that the proxy took as a whole was made with the policy as it is now. `failed`: the steps that
/// are to be tried again, by mesh ("": the zone's), each with its reason; absent where there are none.
nlohmann::json rollout(const Reconciler& reconciler, const std::set<std::string>& policies);

}  // namespace kumasim::cp
