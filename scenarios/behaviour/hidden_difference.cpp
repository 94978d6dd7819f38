#include "scenarios/behaviour/hidden_difference.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "scenarios/behaviour/difference_category.hpp"
#include "scenarios/behaviour/fact.hpp"
#include "scenarios/behaviour/policy_origins.hpp"

namespace kumasim::scenario {
namespace {

bool decides(const FactKind& fact, const std::string& type) {
  return !is_of_gateways(type) && std::ranges::find(fact.policies, type) != fact.policies.end();
}

/// A change of the proxy's own configuration, which may do anything.
bool patches(const std::string& type) { return type == "MeshProxyPatch" || type == "ProxyTemplate"; }

/// Speaks of calls to other destinations alone. A route may send such calls to this one.
bool is_of_others(const cp::Resource& policy, const HiddenCall& call) {
  const nlohmann::json& to = cp::at(policy.spec, "to");
  if (to.empty() || policy.spec.contains("from") || policy.spec.contains("rules") || only_leads(policy.kind->type()))
    return false;
  return std::ranges::all_of(to, [&](const nlohmann::json& entry) {
    const nlohmann::json& ref = cp::at(entry, "targetRef");
    const std::string kind = cp::text_at(ref, "kind");
    std::string name = cp::text_at(ref, "name");
    if (name.empty()) name = cp::text_at(ref, "labels", "kuma.io/display-name");
    return kind.starts_with("Mesh") && kind.ends_with("Service") && !name.empty() && name != call.to;
  });
}

/// Selects the client or a server; true where that is not known.
bool concerns(const ResourceDifference& policy, const StillProxy* client, const HiddenCall& call,
              const Deployment& deployment) {
  const cp::Kind* kind = cp::find_kind(policy.type);
  const std::string& mesh = policy.mesh;
  const bool leads = policy.type == "MeshService" || policy.type == "MeshMultiZoneService";
  if (client == nullptr) return false;
  if (kind == nullptr || (!kind->is_target_ref_policy() && !leads)) return true;
  const cp::MeshView& view = deployment.view(mesh);
  const cp::ResourcePtr* resource = view.all(policy.type).find(policy.name);
  if (resource == nullptr) return false;
  if (leads) return cp::Kri::of(**resource).name == call.to;
  if (is_of_others(**resource, call)) return false;
  const cp::policy::PolicyPtr decoded = cp::policy::decode_policy(*resource);
  if (cp::policy::select(*decoded, client->view, view).any()) return true;
  if (call.kind != "MeshService") return true;
  bool any = false;
  for (const StillProxy& proxy : deployment.proxies()) {
    bool serves = proxy.mesh == mesh && std::ranges::any_of(proxy.view.inbounds, [&](const cp::Inbound& inbound) {
                    return inbound.service == call.to;
                  });
    if (serves && cp::policy::select(*decoded, proxy.view, view).any()) return true;
    any = any || serves;
  }
  return !any;
}

/// Of a kind that decides something of a call, but for policies of others.
std::vector<ResourceDifference> possible_causes(const std::vector<ResourceDifference>& all, const ClientPair& client,
                                                const HiddenCall& call, const Deployment& before,
                                                const Deployment& after) {
  const std::string& mesh = (client.is != nullptr ? client.is : client.was)->mesh;
  std::vector<ResourceDifference> out;
  for (const ResourceDifference& each : all) {
    bool of_mesh = each.mesh == mesh || (each.type == "Mesh" && each.name == mesh);
    bool decided = std::ranges::any_of(fact_kinds(), [&](const FactKind& fact) { return decides(fact, each.type); });
    if (!of_mesh || !decided) continue;
    if (concerns(each, client.was, call, before) || concerns(each, client.is, call, after)) out.push_back(each);
  }
  return out;
}

/// Beside `others`.
std::vector<std::string> categories_by(const std::vector<ResourceDifference>& causes,
                                       const std::vector<std::string>& others) {
  std::set<std::string> out(others.begin(), others.end());
  for (const ResourceDifference& each : causes)
    for (const FactKind& fact : fact_kinds())
      if (patches(each.type) || decides(fact, each.type))
        for (std::string& category : possible_categories(fact.id)) out.insert(std::move(category));
  return {out.begin(), out.end()};
}

bool has(const StillProxy* proxy, const HiddenCall& call) {
  return proxy != nullptr && std::ranges::find(proxy->hidden, call) != proxy->hidden.end();
}

}  // namespace

bool hides(const StillProxy* proxy, const std::string& destination) {
  return proxy != nullptr && std::ranges::find(proxy->hidden, destination, &HiddenCall::to) != proxy->hidden.end();
}

std::vector<FlowDifference> hidden_differences(const ClientPair& client,
                                               const std::vector<ResourceDifference>& resources,
                                               const Deployment& before, const Deployment& after) {
  std::map<std::pair<std::string, std::string>, HiddenCall> calls;  // by destination
  for (const StillProxy* proxy : {client.was, client.is})
    for (const HiddenCall& call : proxy == nullptr ? std::vector<HiddenCall>() : proxy->hidden)
      calls[{call.to, call.kind}] = call;
  const std::vector<std::string> none;
  std::vector<FlowDifference> out;
  for (const auto& [destination, call] : calls) {
    const bool of_both = has(client.was, call) && has(client.is, call);
    std::vector<ResourceDifference> causes = possible_causes(resources, client, call, before, after);
    if (of_both && causes.empty()) continue;
    std::vector<std::string> categories = categories_by(causes, of_both ? none : possible_categories(FactId::access));
    out.push_back({.mesh = (client.is != nullptr ? client.is : client.was)->mesh,
                   .from = {},
                   .to = call.to,
                   .fact = FactId::configuration,
                   .before = {},
                   .after = "is NOT looked at, and may change",
                   .why_after = call.why,
                   .policies = std::move(causes),
                   .categories = std::move(categories)});
  }
  return out;
}

}  // namespace kumasim::scenario
