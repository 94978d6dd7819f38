#include "reference-cp/xds/generate/shared_outbounds.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/xds/endpoint_updates.hpp"
#include "reference-cp/xds/generate/generation.hpp"

namespace kumasim::cp {
namespace generators {
namespace {

/// So many different clients are remembered; more of them have little in common anyway.
constexpr std::size_t clients_max = 1000;

template <std::size_t n>
bool has_any(const MeshView& mesh, const std::string_view (&kinds)[n]) {
  return std::ranges::any_of(kinds, [&](std::string_view kind) { return !mesh.all(kind).empty(); });
}

/// Kinds by which outbounds depend on the client's own tags: selectors of old policies, headers with its tags,
/// localities, names of services in traces.
bool asks_who(const MeshView& mesh) {
  static constexpr std::string_view kinds[] = {"TrafficRoute",       "RateLimit",       "FaultInjection",
                                               "MeshFaultInjection", "MeshHealthCheck", "MeshLoadBalancingStrategy",
                                               "MeshTrace"};
  return has_any(mesh, kinds);
}

/// A Dataplane of which nothing is known but its tags.
ResourcePtr dataplane_of(const Client& client) {
  Resource dataplane;
  dataplane.kind = &kind::dataplane();
  nlohmann::json& networking = dataplane.spec["networking"];
  if (!client.gateway_type.empty())
    networking["gateway"] = {{"type", client.gateway_type}, {"tags", client.gateway_tags}};
  networking["inbound"] = nlohmann::json::array();
  for (const Tags& tags : client.inbound_tags) networking["inbound"].push_back({{"tags", tags}});
  return std::make_shared<const Resource>(std::move(dataplane));
}

/// The proxy as far as its outbounds may know it.
ProxyView view_of(const Client& client) {
  ProxyView proxy;
  proxy.dataplane = dataplane_of(client);
  proxy.metadata.ipv6_enabled = client.ipv6_enabled;
  if (client.binds_outbounds) proxy.metadata.features.insert("feature-bind-outbounds");
  for (const Tags& tags : client.inbound_tags) {
    Inbound inbound;
    inbound.index = proxy.inbounds.size();
    inbound.tags = tags;
    proxy.inbounds.push_back(std::move(inbound));
  }
  proxy.outbounds = client.outbounds;
  if (client.redirected) proxy.transparent_proxy.emplace();
  proxy.gateway_type = client.gateway_type;
  proxy.service = client.service;
  proxy.address = client.ipv6_address ? "::" : "";
  proxy.unified_naming = client.unified_naming;
  return proxy;
}

SharedOutbounds make(const Client& client, const MeshView& mesh) {
  ProxyView proxy = view_of(client);
  ResourceSet resources;
  Generation g{mesh, proxy, resources};
  traffic_route_outbounds(g);
  policy::apply_to_outbounds(resources, proxy, mesh, client.policies);
  SharedOutbounds made;
  made.secrets = secret_names(g);
  made.snapshot = std::make_shared<const Snapshot>(resources.snapshot());
  return made;
}

}  // namespace

bool outbounds_are_apart(const ProxyView& proxy, const MeshView& mesh) {
  static constexpr std::string_view kinds[] = {"MeshAccessLog",  "TrafficLog",   "MeshTLS",
                                               "MeshProxyPatch", "MeshIdentity", "MeshTrust"};
  return proxy.gateway_type != "BUILTIN" && !has_any(mesh, kinds);
}

Client client_of(ProxyView& proxy, const MeshView& mesh, policy::OutgoingPolicies policies) {
  Client client;
  client.outbounds = std::exchange(proxy.outbounds, {});
  client.gateway_type = proxy.gateway_type;
  client.unified_naming = proxy.unified_naming;
  client.redirected = proxy.transparent_proxy.has_value();
  client.binds_outbounds = proxy.has("feature-bind-outbounds");
  client.ipv6_enabled = proxy.metadata.ipv6_enabled;
  client.ipv6_address = proxy.address.find(':') != std::string::npos;
  client.policies = std::move(policies);
  if (!asks_who(mesh)) return client;
  client.service = proxy.service;
  client.gateway_tags = policy::gateway_tags(proxy);
  for (const Inbound& inbound : proxy.inbounds) client.inbound_tags.push_back(inbound.tags);
  return client;
}

SharedOutbounds outbounds_for(Client client, const MeshView& mesh, SharedGeneration* shared) {
  if (!shared) return make(client, mesh);
  RememberedOutbounds& outbounds = shared->tables().outbounds;
  if (const SharedOutbounds* found = outbounds.find(client)) return *found;
  SharedOutbounds made = make(client, mesh);
  return outbounds.put(std::move(client), std::move(made));
}

void RememberedOutbounds::endpoints_changed(MeshView::Ptr view, const std::set<std::string>& services) {
  view_ = std::move(view);
  updates_.clear();
  ++change_;
  changes_.push_back(services);
  if (changes_.size() <= SharedGeneration::changes_max) return;
  changes_.pop_front();
  const std::uint64_t oldest = change_ - changes_.size();
  std::erase_if(outbounds_, [&](const auto& entry) { return entry.second.change < oldest; });
}

EndpointUpdates& RememberedOutbounds::updates_since(std::uint64_t change) {
  auto found = updates_.find(change);
  if (found != updates_.end()) return found->second;
  std::set<std::string> services;
  for (auto it = changes_.end() - static_cast<std::ptrdiff_t>(change_ - change); it != changes_.end(); ++it)
    services.insert(it->begin(), it->end());
  return updates_.emplace(change, EndpointUpdates(view_, services)).first->second;
}

const SharedOutbounds* RememberedOutbounds::find(const Client& client) {
  auto found = outbounds_.find(client);
  if (found == outbounds_.end()) return nullptr;
  Entry& entry = found->second;
  if (entry.change == change_) return &entry.made;
  ++refreshes_;
  auto fresh = updates_since(entry.change).apply(entry.made.snapshot);
  if (!fresh) {
    outbounds_.erase(found);
    return nullptr;
  }
  entry.made.snapshot = std::move(fresh);
  entry.change = change_;
  return &entry.made;
}

const SharedOutbounds& RememberedOutbounds::put(Client client, SharedOutbounds made) {
  if (outbounds_.size() >= clients_max) outbounds_.clear();
  return outbounds_.insert_or_assign(std::move(client), Entry{std::move(made), change_}).first->second.made;
}

}  // namespace generators

SharedGeneration::SharedGeneration() : tables_(std::make_unique<Tables>()) {}
SharedGeneration::~SharedGeneration() = default;

void SharedGeneration::follow(MeshView::Ptr view, const Affected& affected) {
  if (view == view_) return;
  bool only_endpoints = view_ && !affected.all && !affected.virtual_outbounds;
  view_ = nullptr;  // what is remembered is of no view, should the rest fail
  if (only_endpoints)
    tables_->outbounds.endpoints_changed(view, affected.endpoints);
  else
    *tables_ = Tables{};
  view_ = std::move(view);
}

std::size_t SharedGeneration::clients() const { return tables_->outbounds.size(); }
std::uint64_t SharedGeneration::refreshes() const { return tables_->outbounds.refreshes(); }

}  // namespace kumasim::cp
