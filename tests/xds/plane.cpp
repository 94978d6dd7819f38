#include "tests/xds/plane.hpp"

#include <stdexcept>
#include <utility>

#include "reference-cp/identity/mesh_identity_ca.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/derive/destinations.hpp"
#include "reference-cp/xds/derive/mesh_services.hpp"
#include "reference-cp/xds/endpoint_updates.hpp"
#include "reference-cp/xds/generate.hpp"
#include "reference-cp/xds/mesh_identity.hpp"
#include "reference-cp/xds/zone/zone_proxy.hpp"

namespace kumasim::cp {
namespace {

/// Between two batches, so that a case outlives the grace period of a MeshService.
constexpr Duration batch_time = std::chrono::minutes(20);
/// As in the reconciler, which would go on with the next batch: here nothing takes so many.
constexpr int rounds_max = 5;

ProxyIdentity identity_of(const MeshView& view, const std::string& name) {
  ProxyIdentity identity;
  if (!view.mtls_enabled()) return identity;
  identity.certificate_pem = "certificate of " + name;
  identity.ca_bundles[view.name()] = "bundle of " + view.name();
  return identity;
}

/// As the reconciler makes it; texts stand for certificates.
std::optional<WorkloadIdentity> workload_of(const MeshView& view, const Meta& dataplane) {
  const Resource* source = mesh_identity::matched(view, dataplane);
  if (!source || !mesh_identity::is_ready(*source)) return std::nullopt;
  WorkloadIdentity out{.kri = Kri::of(*source).to_string()};
  out.by_agent = !is_bundled(*source);
  if (out.by_agent && !node_of(dataplane.name).has("feature-spire")) return std::nullopt;
  auto domain = mesh_identity::trust_domain(*source, source->meta, view.settings().zone);
  auto id = domain ? mesh_identity::spiffe_id(*source, *domain, dataplane) : domain;
  if (!id) throw std::runtime_error(id.error().message);  // no drawn template fails
  out.spiffe_id = *id;
  if (!out.by_agent) out.certificate_pem = "certificate of " + *id + " by " + source->meta.name;
  return out;
}

std::shared_ptr<const Snapshot> made_for_zone(const std::map<std::string, MeshView::Ptr>& views,
                                              const ResourcePtr& resource) {
  ZoneProxy proxy;
  proxy.resource = resource;
  bool ingress = resource->kind->type() == "ZoneIngress";
  proxy.metadata.proxy_type = ingress ? "ingress" : "egress";
  if (ingress) return std::make_shared<const Snapshot>(generate_zone_ingress(views, proxy));
  for (const auto& [name, view] : views)
    if (view->mtls_enabled()) proxy.identities[name] = identity_of(*view, resource->meta.name);
  return std::make_shared<const Snapshot>(generate_zone_egress(views, proxy));
}

}  // namespace

std::shared_ptr<const Snapshot> made(const MeshView& view, const ResourcePtr& dataplane,
                                     const GenerateOptions& options) {
  const std::string& name = dataplane->meta.name;
  ProxyIdentity identity = identity_of(view, name);
  identity.workload = workload_of(view, dataplane->meta);
  auto snapshot = try_generate(view, proxy_view(view, dataplane, node_of(name), std::move(identity)), options);
  return snapshot ? std::make_shared<const Snapshot>(std::move(*snapshot)) : nullptr;
}

Snapshots all_made(const std::map<std::string, MeshView::Ptr>& views, const ResourcePtr& ingress,
                   const ResourcePtr& egress) {
  Snapshots result;
  GenerateOptions options;
  options.in_one_piece = true;
  for (const auto& [mesh, view] : views)
    for (auto [name, dataplane] : view->all("Dataplane")) result[{mesh, name}] = made(*view, dataplane, options);
  for (const ResourcePtr& proxy : {ingress, egress})
    if (proxy) result[proxy->key()] = made_for_zone(views, proxy);
  return result;
}

std::string owed(const MeshView& view, WallTime now) {
  std::string result;
  auto note = [&](const char* what, const std::string& name) { result += std::string("\n  ") + what + " " + name; };
  derive::MeshServiceWrites writes = derive::mesh_services(view, [] { return std::string(); }, now);
  for (const Resource& resource : writes.create) note("create MeshService", resource.meta.name);
  for (const Resource& resource : writes.update) note("update MeshService", resource.meta.name);
  for (const ResourceKey& key : writes.remove) note("remove MeshService", key.name);
  for (const Resource& resource : derive::destinations(view, [](std::string_view) { return std::string(); }))
    note("update", resource.kind->type() + " " + resource.meta.name);
  return result;
}

/// As the store and the manager do it: a user's write keeps age and status.
void Plane::write(const WideWrite& write) {
  if (write.removes()) return remove(*find_kind(write.kind), {write.mesh, write.name});
  Resource resource = to_resource(write);
  if (ResourcePtr held = views_.find(write.kind, resource.key()); held && held->status.is_object()) {
    resource.status = held->status;
    if (write.status.is_object()) resource.status.update(write.status);
  }
  store(std::move(resource));
}

void Plane::store(Resource resource) {
  ResourcePtr& slot = stored_[{resource.kind->type(), resource.key()}];
  if (slot) resource.meta.creation = slot->meta.creation;
  Change change{resource.kind, resource.key(), slot, std::make_shared<const Resource>(std::move(resource))};
  slot = change.after;
  take_in(change);
}

void Plane::remove(const Kind& kind, const ResourceKey& key) {
  auto found = stored_.find({kind.type(), key});
  if (found == stored_.end()) return;
  Change change{&kind, key, found->second, nullptr};
  stored_.erase(found);
  take_in(change);
}

void Plane::take_in(const Change& change) {
  if (auto left_out = views_.apply(change, work_); !left_out.empty()) throw std::runtime_error(left_out[0].reason);
  zone_.merge(zone_reach({change.before, change.after}));
  if (!change.before && change.kind == &kind::dataplane())
    work_[change.key.mesh].proxies.names.insert(change.key.name);  // it connects
}

std::vector<ResourcePtr> Plane::stored() const {
  std::vector<ResourcePtr> result;
  for (const auto& [key, resource] : stored_) result.push_back(resource);
  return result;
}

void Plane::hold(const ResourceKey& proxy, std::shared_ptr<const Snapshot> snapshot) {
  if (!snapshot) return;  // it keeps what it has
  auto& held = snapshots_[proxy];
  if (held == snapshot || (held && *held == *snapshot)) return;
  held = std::move(snapshot);
  Clients& clients = clients_[proxy];
  clients.world.snapshot(held);
  clients.delta.snapshot(held);
}

/// One view for all of it; what is written gives changes, and so another round.
void Plane::derive(const std::string& mesh, Affected& out) {
  if (views_.refresh_vips(mesh)) out.all = true;
  MeshView::Ptr view = views_.find(mesh);
  if (!view) return;
  derived_at_[mesh] = now_;
  derive::MeshServiceWrites writes =
      derive::mesh_services(*view, [this] { return views_.next_address("MeshService"); }, now_);
  for (Resource& resource : writes.create) {
    resource.meta.creation = now_;
    store(std::move(resource));
  }
  for (Resource& resource : writes.update) store(std::move(resource));
  for (const ResourceKey& key : writes.remove) remove(kind::mesh_service(), key);
  for (Resource& resource :
       derive::destinations(*view, [this](std::string_view kind) { return views_.next_address(kind); }))
    store(std::move(resource));
}

void Plane::serve(const std::string& mesh, const Affected& affected) {
  MeshView::Ptr view = views_.find(mesh);
  if (!view) return;
  EndpointUpdates updates(view, affected.endpoints);
  GenerateOptions options;
  options.shared = &shared_[mesh];
  options.shared->follow(view, affected);
  for (auto [name, dataplane] : view->all("Dataplane")) {
    ResourceKey key{mesh, name};
    Reach reach = reach_of(affected, name, node_of(name));
    if (reach == Reach::nothing) continue;
    std::shared_ptr<const Snapshot> fresh;
    if (auto held = snapshots_.find(key); reach == Reach::endpoints && held != snapshots_.end())
      fresh = updates.apply(held->second);
    if (!fresh) fresh = made(*view, dataplane, options);
    hold(key, std::move(fresh));
  }
}

void Plane::end_batch() {
  now_ += batch_time;
  std::map<std::string, Affected> dirty;
  for (int round = 0; !work_.empty(); ++round) {
    if (round == rounds_max) throw std::runtime_error("what is derived does not come to an end");
    Work work = std::exchange(work_, {});
    for (auto& [mesh, todo] : work) {
      dirty[mesh].merge(todo.proxies);
      if (todo.derive) derive(mesh, dirty[mesh]);
    }
  }
  for (const auto& [mesh, affected] : dirty) serve(mesh, affected);
  ZoneReach zone = std::exchange(zone_, {});
  for (const ResourcePtr& proxy : {zone.ingresses ? find("ZoneIngress", own_ingress) : nullptr,
                                   zone.egresses ? find("ZoneEgress", own_egress) : nullptr})
    if (proxy) hold(proxy->key(), made_for_zone(views_.all(), proxy));
}

void Plane::reconnect_all() {
  for (auto& [key, clients] : clients_) {
    clients.world.reconnect();
    clients.delta.reconnect();
  }
}

}  // namespace kumasim::cp
