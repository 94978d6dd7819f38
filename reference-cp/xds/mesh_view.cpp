#include "reference-cp/xds/mesh_view.hpp"

#include <algorithm>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/cross_mesh.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_index.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/protocol.hpp"

namespace kumasim::cp {
namespace {

const nlohmann::json& enabled_backend(const Resource* mesh) {
  static const nlohmann::json none;
  if (!mesh) return none;
  std::string name = text_at(mesh->spec, "mtls", "enabledBackend");
  if (name.empty()) return none;
  for (const nlohmann::json& backend : at(mesh->spec, "mtls", "backends"))
    if (text_at(backend, "name") == name) return backend;
  return none;
}

/// What of a Mesh the index depends on.
bool index_depends(const Resource* before, const Resource* after) {
  auto aware = [](const Resource* mesh) {
    return std::tuple(mesh && flag_at(mesh->spec, "routing", "localityAwareLoadBalancing"),
                      mesh && flag_at(mesh->spec, "routing", "zoneEgress"), enabled_backend(mesh).is_null());
  };
  return aware(before) != aware(after);
}

/// Kinds that endpoints behind zone proxies come from.
bool has_remote(std::string_view kind) {
  static constexpr std::string_view kinds[] = {"ZoneIngress",         "ZoneEgress",  "ExternalService",
                                               "MeshExternalService", "MeshService", "MeshIdentity"};
  return std::ranges::find(kinds, kind) != std::end(kinds);
}

bool is_destination(std::string_view kind) {
  return std::ranges::find(mesh_service::kinds, kind) != std::end(mesh_service::kinds);
}

/// Proxies and the index see no difference between these Mesh*Services. Much of a status is for people only.
bool look_alike(const Resource& a, const Resource& b) {
  return a.spec == b.spec && a.meta.labels == b.meta.labels && mesh_service::vips(a) == mesh_service::vips(b) &&
         mesh_service::hostnames(a) == mesh_service::hostnames(b) &&
         mesh_service::tls_ready(a) == mesh_service::tls_ready(b) &&
         at(a.status, "meshServices") == at(b.status, "meshServices");
}

}  // namespace

MeshView::~MeshView() = default;

MeshView::Ptr MeshView::build(std::string mesh, const ZoneSettings& settings, std::span<const ResourcePtr> resources) {
  std::shared_ptr<MeshView> view(new MeshView);
  view->name_ = std::move(mesh);
  view->settings_ = settings;
  view->vips_ = std::make_shared<const VipTable>();
  view->cross_mesh_ = std::make_shared<const CrossMeshTable>();
  for (const ResourcePtr& resource : resources) {
    if (!view->takes(*resource)) continue;
    Resources& kind = view->kinds_[resource->kind->type()];
    kind = kind.with(resource->meta.name, resource);
  }
  view->reindex();
  return view;
}

void MeshView::reindex() {
  IndexChange names{Index{}};
  for (std::string_view kind : mesh_service::kinds)
    for (const auto& [name, destination] : all(kind)) names.add_names(*destination);
  names.set_routed(routed_services(*this));
  Index base = names.finish(*this);
  base.local_weight = local_weight(*this);
  index_ = std::make_shared<const Index>(std::move(base));
  IndexChange endpoints{*index_};
  endpoints.set_remote(remote_endpoints(*this));
  for (const auto& [name, dataplane] : all("Dataplane")) endpoints.add_dataplane(*this, *dataplane);
  for (const auto& [name, combined] : all("MeshMultiZoneService")) endpoints.combine_anew(*combined);
  index_ = std::make_shared<const Index>(endpoints.finish(*this));
}

/// `before` is what the view held, which counts, not what the caller believes to have been there.
void MeshView::index_names(const ResourceChange& change, const Resource* before) {
  const std::string& kind = (change.after ? change.after : change.before)->kind->type();
  if (!is_destination(kind) && !is_route(kind)) return;
  IndexChange edit{*index_};
  if (is_route(kind)) {
    edit.set_routed(routed_services(*this));
  } else {
    if (before) edit.remove_names(*before);
    if (change.after) edit.add_names(*change.after);
  }
  index_ = std::make_shared<const Index>(edit.finish(*this));
}

void MeshView::index_endpoints(const MeshView& old, const ResourceChange& change, const Resource* before) {
  const std::string& kind = (change.after ? change.after : change.before)->kind->type();
  if (kind != "Dataplane" && kind != "MeshMultiZoneService" && !has_remote(kind)) return;
  const Resource* after = change.after.get();
  if (is_destination(kind) && before && after && look_alike(*before, *after)) return;
  IndexChange edit{*index_};
  bool remote = has_remote(kind);
  if (kind == "Dataplane") {
    if (before) edit.remove_dataplane(old, *before);
    if (after) edit.add_dataplane(*this, *after);
  } else if (kind == "MeshService") {
    edit.change_service(*this, before, after);
    // One of this zone has no endpoints elsewhere.
    remote = (before && !mesh_service::is_local(*before)) || (after && !mesh_service::is_local(*after));
  } else if (kind == "MeshMultiZoneService") {
    if (before) edit.combine_anew(*before);
    if (after) edit.combine_anew(*after);
  }
  if (remote) edit.set_remote(remote_endpoints(*this));
  index_ = std::make_shared<const Index>(edit.finish(*this));
}

bool MeshView::takes(const Resource& resource) const {
  if (resource.kind->type() == "Mesh") return true;
  return resource.kind->is_global() || resource.meta.mesh == name_;
}

MeshView::Ptr MeshView::with(const ResourceChange& change) const {
  const Resource& subject = change.after ? *change.after : *change.before;
  std::shared_ptr<MeshView> view(new MeshView(*this));
  if (!takes(subject)) return view;
  const std::string& kind = subject.kind->type();
  Resources& resources = view->kinds_[kind];
  resources = change.after ? resources.with(subject.meta.name, change.after) : resources.without(subject.meta.name);
  if (resources.empty()) view->kinds_.erase(kind);
  const Resource* before = find(kind, subject.meta.name);
  bool reweighed = kind == "ZoneIngress" && local_weight(*view) != index_->local_weight;
  if (reweighed || (kind == "Mesh" && subject.meta.name == name_ && index_depends(before, change.after.get()))) {
    view->reindex();
    return view;
  }
  view->index_names(change, before);
  view->index_endpoints(*this, change, before);
  return view;
}

MeshView::Ptr MeshView::with_vips(std::shared_ptr<const VipTable> vips) const {
  std::shared_ptr<MeshView> view(new MeshView(*this));
  view->vips_ = std::move(vips);
  return view;
}

MeshView::Ptr MeshView::with_cross_mesh(std::shared_ptr<const CrossMeshTable> gateways) const {
  std::shared_ptr<MeshView> view(new MeshView(*this));
  view->cross_mesh_ = std::move(gateways);
  return view;
}

const Resource* MeshView::mesh() const { return find("Mesh", name_); }

const MeshView::Resources& MeshView::all(std::string_view kind) const {
  static const Resources none;
  auto found = kinds_.find(kind);
  return found == kinds_.end() ? none : found->second;
}

const Resource* MeshView::find(std::string_view kind, std::string_view name) const {
  const ResourcePtr* found = all(kind).find(name);
  return found ? found->get() : nullptr;
}

const Resource* MeshView::destination(const Kri& kri) const {
  if (kri.empty()) return nullptr;
  Kri wanted = kri.without_section();
  if (const Resource* found = find(kri.type, kri.name); found && Kri::of(*found) == wanted) return found;
  std::vector<std::string> names = names_under(index_->identities, identity_key(wanted));
  return names.empty() ? nullptr : find(kri.type, names.front());
}

Kri MeshView::destination_by_labels(std::string_view kind, const Tags& labels) const {
  const Resource* oldest = nullptr;
  if (labels.empty()) return {};
  for (const auto& [name, resource] : all(kind))
    if (has_labels(*resource, labels) && (!oldest || resource->meta.creation < oldest->meta.creation))
      oldest = resource.get();
  return oldest ? Kri::of(*oldest) : Kri{};
}

bool MeshView::mtls_enabled(std::string_view mesh) const { return !enabled_backend(find("Mesh", mesh)).is_null(); }

bool MeshView::mtls_permissive(std::string_view mesh) const {
  return text_at(enabled_backend(find("Mesh", mesh)), "mode") == "PERMISSIVE";
}

std::string MeshView::mesh_services_mode() const {
  std::string mode = mesh() ? text_at(mesh()->spec, "meshServices", "mode") : std::string();
  return mode.empty() ? "Disabled" : mode;
}

const std::vector<Endpoint>& MeshView::endpoints(std::string_view service) const {
  static const std::vector<Endpoint> none;
  const auto* found = index_->services.find(service);
  return found ? (*found)->list : none;
}

XdsResourcePtr MeshView::endpoints_resource(std::string_view service, const std::string& name,
                                            const MakeEndpoints& make) const {
  const auto* found = index_->services.find(service);
  if (!found) return make({});
  XdsResourcePtr& made = (*found)->made[name];
  if (!made) made = make((*found)->list);
  return made;
}

ServiceInfo MeshView::service(std::string_view service) const {
  ServiceInfo info;
  const auto* found = index_->services.find(service);
  if (found) info.protocol = (*found)->protocol;
  bool known = found;
  for (const auto& [name, outside] : all("ExternalService")) {
    if (text_at(outside->spec, "tags", "kuma.io/service") != service) continue;
    std::string protocol = parse_protocol(text_at(outside->spec, "tags", "kuma.io/protocol"));
    info.protocol = known ? common_protocol(info.protocol, protocol) : protocol;
    known = true;
  }
  if (!found) return info;
  info.external = !(*found)->list.empty() && (*found)->list.front().external.has_value();
  if (!mtls_permissive()) return info;
  // A service takes mutual TLS once every one of its proxies has got a certificate of the enabled backend.
  std::string backend = text_at(enabled_backend(mesh()), "name");
  info.tls_ready = true;
  for (const auto& [instance, endpoint] : (*found)->instances) {
    std::string_view dataplane = std::string_view(instance).substr(0, instance.rfind('/'));
    const Resource* insight = find("DataplaneInsight", dataplane);
    if (!insight || text_at(insight->spec, "mTLS", "issuedBackend") != backend) info.tls_ready = false;
  }
  return info;
}

std::vector<std::string> MeshView::services() const {
  std::vector<std::string> names;
  for (const auto& [name, endpoints] : index_->services) names.push_back(name);
  return names;
}

void Affected::merge(const Affected& other) {
  all = all || other.all;
  virtual_outbounds = virtual_outbounds || other.virtual_outbounds;
  names.insert(other.names.begin(), other.names.end());
  endpoints.insert(other.endpoints.begin(), other.endpoints.end());
}

bool MeshView::only_endpoints(const ResourceChange& change, const std::set<std::string>& services) const {
  Ptr before = with({change.after, change.before});
  return std::ranges::all_of(services, [&](const std::string& name) {
    return !before->endpoints(name).empty() && !endpoints(name).empty() && before->service(name) == service(name);
  });
}

void MeshView::add_users(const std::set<std::string>& services, std::set<std::string>& out) const {
  for (const std::string& service : services)
    for (std::string& name : names_under(index_->users, service)) out.insert(std::move(name));
}

void MeshView::reach_users(std::set<std::string> keys, Affected& out) const {
  keys.insert("*");
  out.all = out.all || std::ranges::any_of(keys, [&](const std::string& key) { return index_->routed->contains(key); });
  out.virtual_outbounds = true;
  add_users(keys, out.names);
}

Affected MeshView::affected_by_dataplane(const ResourceChange& change) const {
  Affected result;
  if (change.after) result.names.insert(change.after->meta.name);
  Contribution before = change.before ? contribution(*this, *index_, *change.before) : Contribution{};
  Contribution after = change.after ? contribution(*this, *index_, *change.after) : Contribution{};
  const BackendConf metrics = mesh() ? mesh_prometheus_conf(mesh()->spec) : BackendConf{};
  auto seen = [&](const ResourcePtr& side) { return side ? instances_of(metrics, *side) : Instances{}; };
  if (seen(change.before) != seen(change.after)) add_users({"*direct"}, result.names);
  if (before.endpoints == after.endpoints) return result;
  std::set<std::string> names = before.names, services;
  names.insert(after.names.begin(), after.names.end());
  for (const auto* side : {&before, &after})
    for (const auto& [service, instances] : side->endpoints) services.insert(service);
  Combined combined = combined_of(*this, *index_, services);
  names.insert(combined.names.begin(), combined.names.end());
  services.insert(combined.destinations.begin(), combined.destinations.end());
  // Policies, resources made by hand and other zones change what a proxy gets of a list of endpoints.
  auto elsewhere = [&](const Endpoint& e) { return e.locality && e.locality->zone != settings_.zone; };
  bool own = !all("MeshLoadBalancingStrategy").empty() || !all("ProxyTemplate").empty() ||
             std::ranges::any_of(services, [&](const std::string& service) {
               return std::ranges::any_of(endpoints(service), elsewhere);
             });
  if (own || !only_endpoints(change, services)) {
    reach_users(std::move(names), result);
    return result;
  }
  result.endpoints = std::move(services);
  return result;
}

Affected MeshView::affected_by_destination(const ResourceChange& change) const {
  Affected result;
  if (change.before && change.after && look_alike(*change.before, *change.after)) return result;
  std::set<std::string> keys;
  for (const ResourcePtr& side : {change.before, change.after}) {
    if (!side) continue;
    keys.insert(user_key(*side));
    for (const std::string& name : names_under(index_->combiners, identity_key(Kri::of(*side))))
      if (const Resource* combined = find("MeshMultiZoneService", name)) keys.insert(user_key(*combined));
  }
  reach_users(std::move(keys), result);
  return result;
}

/// A service takes mutual TLS once all of its proxies have certificates; who sends to it then sends with it.
Affected MeshView::affected_by_certificate(const ResourceChange& change) const {
  Affected result;
  auto backend = [](const ResourcePtr& r) { return r ? text_at(r->spec, "mTLS", "issuedBackend") : std::string(); };
  if (!mtls_permissive() || backend(change.before) == backend(change.after)) return result;
  const Resource* dataplane = find("Dataplane", (change.after ? change.after : change.before)->meta.name);
  if (!dataplane) return result;
  Ptr before = with({change.after, change.before});
  std::set<std::string> services;
  for (const Inbound& inbound : inbounds_of(*dataplane))
    if (before->service(inbound.service) != service(inbound.service)) services.insert(inbound.service);
  if (!services.empty()) reach_users(std::move(services), result);
  return result;
}

Affected MeshView::affected(const ResourceChange& change) const {
  const Resource& subject = change.after ? *change.after : *change.before;
  const std::string& kind = subject.kind->type();
  Affected result;
  if (!takes(subject) || (kind == "Mesh" && subject.meta.name != name_)) return result;
  if (change.before && change.after && change.before->spec == change.after->spec &&
      change.before->status == change.after->status && change.before->meta.labels == change.after->meta.labels)
    return result;
  static constexpr std::string_view silent[] = {"Secret",
                                                "GlobalSecret",
                                                "Zone",
                                                "HostnameGenerator",
                                                "ZoneInsight",
                                                "ZoneIngressInsight",
                                                "ZoneEgressInsight",
                                                "MeshInsight",
                                                "ServiceInsight"};
  if (std::ranges::find(silent, kind) != std::end(silent)) {
    // The certificates of an ExternalService and of a MeshGateway can be in Secrets.
    result.all = kind == "Secret" && (!all("ExternalService").empty() || !all("MeshGateway").empty());
    return result;
  }
  if (kind == "DataplaneInsight") return affected_by_certificate(change);
  if (kind == "Dataplane") return affected_by_dataplane(change);
  // What this zone's own ingress offers is for other zones.
  auto own_ingress = [&](const ResourcePtr& r) { return !r || !is_remote_ingress(*r, settings_.zone); };
  if (kind == "ZoneIngress" && own_ingress(change.before) && own_ingress(change.after)) return result;
  if (is_destination(kind)) return affected_by_destination(change);
  result.all = true;
  return result;
}

}  // namespace kumasim::cp
