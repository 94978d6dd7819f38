#include "scenarios/behaviour/policy_origins.hpp"

#include <span>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/matching.hpp"

namespace kumasim::scenario {
namespace {

using Keys = std::set<Deployment::Key>;

void add(const cp::Resource& resource, Keys& out) {
  std::string mesh = resource.kind->is_global() ? std::string() : resource.meta.mesh;
  out.insert(Deployment::Key{resource.kind->type(), mesh, resource.meta.name});
}

void add(std::span<const cp::policy::RuleOrigin> origins, Keys& out) {
  for (const cp::policy::RuleOrigin& origin : origins) add(*origin.resource, out);
}

cp::Tags client_tags(const StillProxy& client) {
  if (!client.view.inbounds.empty()) return client.view.inbounds.front().tags;
  return {{"kuma.io/service", client.service}};
}

/// What policies with a targetRef say to the client of its destination, and to the server of its clients.
void add_target_ref(std::string_view type, const cp::MeshView& mesh, const StillProxy& client,
                    const cp::Outbound& outbound, const CallFacts& flow, Keys& out) {
  auto outgoing = cp::policy::match_policies(type, client.view, mesh);
  if (!outbound.legacy()) {
    if (const auto* rule = cp::policy::find_rule(outgoing.to_resources, outbound.resource)) add(rule->origins, out);
  } else if (const auto* rule = cp::policy::find_rule(outgoing.to, outbound.tags)) {
    add(rule->origins, out);
  }
  for (const ServerPlace& server : flow.servers) {
    const cp::Inbound& inbound = server.proxy->view.inbounds[server.inbound];
    auto incoming = cp::policy::match_policies(type, server.proxy->view, mesh);
    cp::policy::InboundKey key{inbound.address, inbound.port};
    if (auto rules = incoming.rules.find(key); rules != incoming.rules.end() && !rules->second.empty()) {
      for (const auto& rule : rules->second) add(*rule.origin.resource, out);
    } else if (auto from = incoming.from.find(key); from != incoming.from.end()) {
      if (const auto* rule = cp::policy::find_rule(from->second, client_tags(client))) add(rule->origins, out);
    }
  }
}

/// Policies with sources and destinations.
void add_old(std::string_view type, const cp::MeshView& mesh, const StillProxy& client, const cp::Outbound& outbound,
             const CallFacts& flow, Keys& out) {
  if (type == "TrafficPermission" || type == "FaultInjection" || type == "RateLimit") {
    for (const ServerPlace& server : flow.servers) {
      const cp::Inbound& inbound = server.proxy->view.inbounds[server.inbound];
      for (const cp::ResourcePtr& policy : cp::policy::legacy::inbound_policies(type, inbound.tags, mesh))
        add(*policy, out);
    }
    return;
  }
  for (const auto& [service, policy] : cp::policy::legacy::policies_to(type, {outbound.service()}, client.view, mesh))
    if (policy) add(*policy, out);
}

}  // namespace

std::set<Deployment::Key> origins_of(const Deployment& deployment, const StillProxy& client,
                                     const cp::Outbound& outbound, const CallFacts& flow, const FactKind& fact) {
  Keys out;
  const cp::MeshView& mesh = deployment.view(client.mesh);
  for (std::string_view type : fact.policies) {
    const cp::Kind* kind = cp::find_kind(type);
    if (type == "Mesh") {
      out.insert(Deployment::Key{"Mesh", "", client.mesh});
    } else if (kind != nullptr && kind->is_target_ref_policy()) {
      add_target_ref(type, mesh, client, outbound, flow, out);
    } else if (outbound.legacy()) {
      add_old(type, mesh, client, outbound, flow, out);
    } else if (type == outbound.resource.type) {
      out.insert(Deployment::Key{outbound.resource.type, client.mesh, outbound.resource.name});
    }
  }
  return out;
}

}  // namespace kumasim::scenario
