/// What the proxies run, as their answers tell: whether it is up to date, and which policies are in it.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "reference-cp/app/kuma_cp/reconciler.hpp"

namespace kumasim::cp {

/// For each policy all Dataplanes of its mesh are looked at.
inline constexpr std::size_t rollout_policies_max = 100;

/// Names of the Dataplanes that policies are about, kept as long as neither the policy nor its mesh has changed: who
/// watches a rollout asks many times.
class PolicySubjects {
 public:
  /// `policy` is of `mesh`, as it is there. The answer holds until the next call.
  const std::set<std::string>& of(const ResourcePtr& policy, const MeshView::Ptr& mesh);

 private:
  struct Known {
    ResourcePtr policy;
    std::weak_ptr<const MeshView> mesh;
    std::set<std::string> names;
  };
  std::map<std::string, Known> known_;  // by kind, mesh and name
};

/// `policies` are named TYPE/MESH/NAME; a Mesh as Mesh//NAME. REQUIRES: at most rollout_policies_max.
///
///     {"behind": false,
///      "proxies": {"default": {"web-0": {"connected": true, "current": true, "refused": {"Listener": "..."}}}},
///      "zoneProxies": {"ZoneIngress": {"ingress": {"connected": true, "current": true}}},
///      "policies": {"MeshRetry/default/r": {"web-0": true}},
///      "specifications": {"MeshRetry/default/r": "0123..."},
///      "failed": {"default": {"derived-services": "why"}}}
///
/// `behind`: something that was written is in no configuration yet. `proxies`: every Dataplane, by its mesh; `current`
/// says that its proxy has taken the newest configuration that could be made for it, and that no step for its mesh has
/// failed. `zoneProxies`: the same of every ZoneIngress and ZoneEgress of the zone. `policies`: those that are stored,
/// each with the Dataplanes of its mesh that it is about, and whether the last configuration that the proxy took as a
/// whole was made with the policy as it is now. `specifications`: of the same policies specification_hash(); absent
/// where there are none. `failed`: the steps that are to be tried again, by mesh ("": the zone's), each with its
/// reason; absent where there are none.
nlohmann::json rollout(const Reconciler& reconciler, const std::set<std::string>& policies, PolicySubjects& subjects);

}  // namespace kumasim::cp
