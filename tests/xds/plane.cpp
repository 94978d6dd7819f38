#include "tests/xds/plane.hpp"

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/endpoint_updates.hpp"
#include "reference-cp/xds/generate.hpp"
#include "reference-cp/xds/zone/zone_proxy.hpp"

namespace kumasim::cp {
namespace {

ProxyIdentity identity_of(const MeshView& view, const std::string& name) {
  ProxyIdentity identity;
  if (!view.mtls_enabled()) return identity;
  identity.certificate_pem = "certificate of " + name;
  identity.ca_bundles[view.name()] = "bundle of " + view.name();
  return identity;
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

std::shared_ptr<const Snapshot> made(const MeshView& view, const ResourcePtr& dataplane) {
  const std::string& name = dataplane->meta.name;
  auto snapshot = try_generate(view, proxy_view(view, dataplane, node_of(name), identity_of(view, name)));
  return snapshot ? std::make_shared<const Snapshot>(std::move(*snapshot)) : nullptr;
}

Snapshots all_made(const std::map<std::string, MeshView::Ptr>& views, const ResourcePtr& ingress,
                   const ResourcePtr& egress) {
  Snapshots result;
  for (const auto& [mesh, view] : views)
    for (auto [name, dataplane] : view->all("Dataplane")) result[{mesh, name}] = made(*view, dataplane);
  for (const ResourcePtr& proxy : {ingress, egress})
    if (proxy) result[proxy->key()] = made_for_zone(views, proxy);
  return result;
}

void Plane::write(const WideWrite& write) {
  ResourcePtr& slot = stored_[{write.kind, {write.mesh, write.name}}];
  Change change{find_kind(write.kind), {write.mesh, write.name}, slot, to_resource(write)};
  if (!change.before && !change.after) return;
  slot = change.after;
  views_.apply(change, work_);
  zone_.merge(zone_reach({change.before, change.after}));
  if (!change.before && write.kind == "Dataplane") work_[write.mesh].proxies.names.insert(write.name);  // it connects
}

void Plane::hold(const ResourceKey& proxy, std::shared_ptr<const Snapshot> snapshot) {
  if (!snapshot) return;  // it keeps what it has
  auto& held = snapshots_[proxy];
  if (held == snapshot || (held && *held == *snapshot)) return;
  held = std::move(snapshot);
  if (!has_clients_) return;
  Clients& clients = clients_[proxy];
  clients.world.snapshot(held);
  clients.delta.snapshot(held);
}

void Plane::end_batch() {
  Work work = std::move(work_);
  work_.clear();
  for (auto& [mesh, todo] : work) {
    if (todo.derive && views_.refresh_vips(mesh)) todo.proxies.all = true;
    MeshView::Ptr view = views_.find(mesh);
    if (!view) continue;
    EndpointUpdates updates(view, todo.proxies.endpoints);
    for (auto [name, dataplane] : view->all("Dataplane")) {
      ResourceKey key{mesh, name};
      Reach reach = reach_of(todo.proxies, name, node_of(name));
      if (reach == Reach::nothing) continue;
      std::shared_ptr<const Snapshot> fresh;
      if (auto held = snapshots_.find(key); reach == Reach::endpoints && held != snapshots_.end())
        fresh = updates.apply(held->second);
      if (!fresh) {
        ++generations_;
        fresh = made(*view, dataplane);
      }
      hold(key, std::move(fresh));
    }
  }
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
