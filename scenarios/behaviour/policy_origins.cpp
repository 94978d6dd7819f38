#include "scenarios/behaviour/policy_origins.hpp"

#include <span>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/matching.hpp"
#include "scenarios/behaviour/gateway_origins.hpp"

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
  if (!client.view.gateway_type.empty()) return cp::policy::gateway_tags(client.view);
  if (!client.view.inbounds.empty()) return client.view.inbounds.front().tags;
  return {{"kuma.io/service", client.service}};
}

/// What policies with a targetRef say to the server of its clients.
void add_server(std::string_view type, const cp::MeshView& mesh, const StillProxy& client, const ServerPlace& server,
                Keys& out) {
  const cp::Inbound& inbound = server.proxy->view.inbounds[server.inbound];
  auto incoming = cp::policy::match_policies(type, server.proxy->view, mesh);
  cp::policy::InboundKey key{inbound.address, inbound.port};
  if (auto rules = incoming.rules.find(key); rules != incoming.rules.end() && !rules->second.empty()) {
    for (const auto& rule : rules->second) add(*rule.origin.resource, out);
  } else if (auto from = incoming.from.find(key); from != incoming.from.end()) {
    if (const auto* rule = cp::policy::find_rule(from->second, client_tags(client))) add(rule->origins, out);
  }
}

/// What they say to the client of its destination.
void add_client(std::string_view type, const cp::MeshView& mesh, const StillProxy& client, const cp::Outbound& outbound,
                Keys& out) {
  auto outgoing = cp::policy::match_policies(type, client.view, mesh);
  if (!outbound.legacy()) {
    if (const auto* rule = cp::policy::find_rule(outgoing.to_resources, outbound.resource)) add(rule->origins, out);
  } else if (const auto* rule = cp::policy::find_rule(outgoing.to, outbound.tags)) {
    add(rule->origins, out);
  }
}

/// Policies with sources and destinations that are the server's.
bool is_old_of_servers(std::string_view type) {
  return type == "TrafficPermission" || type == "FaultInjection" || type == "RateLimit";
}

void add_old_server(std::string_view type, const cp::MeshView& mesh, const CallFacts& flow, Keys& out) {
  for (const ServerPlace& server : flow.servers) {
    const cp::Inbound& inbound = server.proxy->view.inbounds[server.inbound];
    for (const cp::ResourcePtr& policy : cp::policy::legacy::inbound_policies(type, inbound.tags, mesh))
      add(*policy, out);
  }
}

void add_by_outbound(std::string_view type, const cp::MeshView& mesh, const WayIn& way, Keys& out) {
  const cp::Kind* kind = cp::find_kind(type);
  const cp::Outbound& outbound = *way.outbound;
  if (kind != nullptr && kind->is_target_ref_policy()) {
    add_client(type, mesh, *way.proxy, outbound, out);
  } else if (outbound.legacy()) {
    if (is_old_of_servers(type)) return;
    for (const auto& [service, policy] :
         cp::policy::legacy::policies_to(type, {outbound.service()}, way.proxy->view, mesh))
      if (policy) add(*policy, out);
  } else if (type == outbound.resource.type) {
    out.insert(Deployment::Key{outbound.resource.type, way.proxy->mesh, outbound.resource.name});
  }
}

}  // namespace

std::set<Deployment::Key> origins_of(const Deployment& deployment, const WayIn& way, const CallFacts& flow,
                                     const FactKind& fact) {
  Keys out;
  const cp::MeshView& mesh = deployment.view(way.proxy->mesh);
  for (std::string_view type : fact.policies) {
    const cp::Kind* kind = cp::find_kind(type);
    if (type == "Mesh") {
      out.insert(Deployment::Key{"Mesh", "", way.proxy->mesh});
      continue;
    }
    if (way.door) {
      for (const cp::ResourcePtr& each : gateway_origins(type, mesh, way, flow)) add(*each, out);
    } else if (!is_of_gateways(type)) {
      add_by_outbound(type, mesh, way, out);
    }
    if (kind != nullptr && kind->is_target_ref_policy()) {
      for (const ServerPlace& server : flow.servers) add_server(type, mesh, *way.proxy, server, out);
    } else if (is_old_of_servers(type) && (way.door || way.outbound->legacy())) {
      add_old_server(type, mesh, flow, out);
    }
  }
  return out;
}

bool only_leads(std::string_view type) {
  return type.ends_with("Route") || type == "MeshMultiZoneService" || is_of_gateways(type);
}

bool is_of_gateways(std::string_view type) { return type == "MeshGateway" || type == "MeshGatewayRoute"; }

}  // namespace kumasim::scenario
