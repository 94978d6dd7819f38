#include "reference-cp/app/kuma_cp/rollout.hpp"

#include <cassert>

#include "reference-cp/app/kuma_cp/proxy_kind.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/rest/inspect/views.hpp"
#include "reference-cp/xds/specification_hash.hpp"

namespace kumasim::cp {
namespace {

using Json = nlohmann::json;

ProxyPtr connected(const Reconciler& reconciler, const ResourceKey& slot) {
  ProxyPtr proxy = reconciler.find(slot);
  return proxy && !proxy->closing ? proxy : nullptr;
}

Json proxy_json(const Proxy* proxy, bool mesh_done) {
  Json out{{"connected", proxy != nullptr}, {"current", false}};
  if (!proxy) return out;
  out["current"] = mesh_done && !proxy->stale && proxy->session.accepted();
  for (const auto& [url, rejection] : proxy->session.rejections())
    out["refused"][url.substr(url.rfind('.') + 1)] = rejection.message;
  return out;
}

/// Of the zone's own: those of others are connected to theirs. The mesh "" stands for the zone in `failed`.
void add_zone_proxies(const Reconciler& reconciler, Json& out) {
  const bool done = !reconciler.failed().contains("");
  for (const char* type : {"ZoneIngress", "ZoneEgress"})
    for (const ResourcePtr& resource : reconciler.views().list(type))
      if (resource->meta.label("kuma.io/origin") != "global")
        out[type][resource->meta.name] = proxy_json(connected(reconciler, slot_of(*resource)).get(), done);
}

/// Names of the Dataplanes whose configurations the policy takes part in; one that is only to be looked at (shadow) has
/// none.
std::set<std::string> subjects_of(const ResourcePtr& policy, const MeshView& mesh) {
  std::set<std::string> out;
  if (policy->kind->is_policy() && !policy->kind->is_target_ref_policy()) {
    const Json attached = inspect::attached_dataplanes(*policy, mesh);
    for (const Json& item : attached["items"]) out.insert(item["dataplane"]["name"].get<std::string>());
    return out;
  }
  policy::PolicyPtr decoded;
  if (policy->kind->is_policy()) decoded = policy::decode_policy(policy);
  if (decoded && policy::is_shadow(policy->meta)) return out;
  for (const auto& [name, dataplane] : mesh.all("Dataplane"))
    if (!decoded || policy::select(*decoded, inspect::matching_proxy(dataplane), mesh).any()) out.insert(name);
  return out;
}

/// null where it is not stored, or no mesh sees it as it is now.
Json policy_json(const Reconciler& reconciler, const Kind& kind, const ResourceKey& key, PolicySubjects& subjects) {
  ResourcePtr stored = reconciler.views().find(kind.type(), key);
  const std::string& mesh = kind.is_global() ? key.name : key.mesh;
  MeshView::Ptr view = reconciler.views().find(mesh);
  const std::uint64_t written = reconciler.written(kind, key);
  if (!stored || !view || written == 0 || view->find(kind.type(), key.name) != stored.get()) return {};
  Json out = Json::object();
  for (const std::string& name : subjects.of(stored, view)) {
    ProxyPtr proxy = connected(reconciler, {mesh, name});
    out[name] = proxy && proxy->taken_from >= written;
  }
  return out;
}

}  // namespace

const std::set<std::string>& PolicySubjects::of(const ResourcePtr& policy, const MeshView::Ptr& mesh) {
  std::string name = policy->kind->type() + "/" + policy->meta.mesh + "/" + policy->meta.name;
  if (known_.size() >= rollout_policies_max && !known_.contains(name)) known_.clear();
  Known& known = known_[name];
  if (known.policy != policy || known.mesh.lock() != mesh) known = {policy, mesh, subjects_of(policy, *mesh)};
  return known.names;
}

Json rollout(const Reconciler& reconciler, const std::set<std::string>& policies, PolicySubjects& subjects) {
  assert(policies.size() <= rollout_policies_max);
  Json out{{"behind", reconciler.behind()}, {"proxies", Json::object()}, {"policies", Json::object()}};
  const FailedSteps& failed = reconciler.failed();
  if (!failed.empty()) out["failed"] = failed;
  for (const auto& [mesh, view] : reconciler.views().all())
    for (const auto& [name, dataplane] : view->all("Dataplane"))
      out["proxies"][mesh][name] = proxy_json(connected(reconciler, {mesh, name}).get(), !failed.contains(mesh));
  add_zone_proxies(reconciler, out["zoneProxies"] = Json::object());
  for (const std::string& policy : policies) {
    auto first = policy.find('/'), last = policy.rfind('/');
    if (first == last) continue;
    const Kind* kind = find_kind(policy.substr(0, first));
    if (!kind) continue;
    ResourceKey key{policy.substr(first + 1, last - first - 1), policy.substr(last + 1)};
    Json found = policy_json(reconciler, *kind, key, subjects);
    if (found.is_null()) continue;
    out["policies"][policy] = std::move(found);
    out["specifications"][policy] = specification_hash(*reconciler.views().find(kind->type(), key));
  }
  return out;
}

}  // namespace kumasim::cp
