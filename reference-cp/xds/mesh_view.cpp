#include "reference-cp/xds/mesh_view.hpp"

#include <algorithm>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/resource.hpp"
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

/// Kinds by which a proxy's traffic can be sent to services that its Dataplane does not name.
bool has_routes(const MeshView& view) {
  return !view.all("TrafficRoute").empty() || !view.all("MeshHTTPRoute").empty() || !view.all("MeshTCPRoute").empty() ||
         !view.all("MeshGatewayRoute").empty();
}

/// What of a Mesh the index depends on.
bool index_depends(const ResourceChange& change) {
  auto aware = [](const ResourcePtr& mesh) {
    return std::tuple(mesh && flag_at(mesh->spec, "routing", "localityAwareLoadBalancing"),
                      mesh && flag_at(mesh->spec, "routing", "zoneEgress"), enabled_backend(mesh.get()).is_null());
  };
  return aware(change.before) != aware(change.after);
}

/// Kinds that endpoints behind zone proxies come from.
bool has_remote(std::string_view kind) {
  static constexpr std::string_view kinds[] = {"ZoneIngress", "ZoneEgress", "ExternalService", "MeshExternalService",
                                               "MeshService"};
  return std::ranges::find(kinds, kind) != std::end(kinds);
}

}  // namespace

MeshView::~MeshView() = default;

MeshView::Ptr MeshView::build(std::string mesh, const ZoneSettings& settings, std::span<const ResourcePtr> resources) {
  std::shared_ptr<MeshView> view(new MeshView);
  view->name_ = std::move(mesh);
  view->settings_ = settings;
  view->vips_ = std::make_shared<const VipTable>();
  for (const ResourcePtr& resource : resources) {
    if (!view->takes(*resource)) continue;
    Resources& kind = view->kinds_[resource->kind->type()];
    kind = kind.with(resource->meta.name, resource);
  }
  view->reindex();
  return view;
}

void MeshView::reindex() {
  Index base;
  base.local_weight = local_weight(*this);
  IndexChange change{std::move(base)};
  change.set_remote(remote_endpoints(*this));
  for (const auto& [name, service] : all("MeshService")) change.register_service(*service);
  for (const auto& [name, dataplane] : all("Dataplane")) change.add_dataplane(*this, *dataplane);
  index_ = std::make_shared<const Index>(change.finish(*this));
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
  bool reweighed = kind == "ZoneIngress" && local_weight(*view) != index_->local_weight;
  if (reweighed || (kind == "Mesh" && subject.meta.name == name_ && index_depends(change))) {
    view->reindex();
  } else if (kind == "Dataplane" || kind == "MeshMultiZoneService" || has_remote(kind)) {
    // What the view held counts, not what the caller believes to have been there.
    const Resource* before = find(kind, subject.meta.name);
    IndexChange edit{*index_};
    if (kind == "Dataplane") {
      if (before) edit.remove_dataplane(*this, *before);
      if (change.after) edit.add_dataplane(*view, *change.after);
    } else if (kind == "MeshService") {
      if (before) edit.remove_service(*before);
      if (change.after) edit.add_service(*view, *change.after);
    }
    if (has_remote(kind)) edit.set_remote(remote_endpoints(*view));
    view->index_ = std::make_shared<const Index>(edit.finish(*view));
  }
  return view;
}

MeshView::Ptr MeshView::with_vips(std::shared_ptr<const VipTable> vips) const {
  std::shared_ptr<MeshView> view(new MeshView(*this));
  view->vips_ = std::move(vips);
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
  for (const auto& [name, resource] : all(kri.type))
    if (Kri::of(*resource) == wanted) return resource.get();
  return nullptr;
}

Kri MeshView::destination_by_labels(std::string_view kind, const Tags& labels) const {
  const Resource* oldest = nullptr;
  if (labels.empty()) return {};
  for (const auto& [name, resource] : all(kind)) {
    bool has_all = std::ranges::all_of(labels, [&](const auto& label) {
      auto found = resource->meta.labels.find(label.first);
      return found != resource->meta.labels.end() && found->second == label.second;
    });
    if (has_all && (!oldest || resource->meta.creation < oldest->meta.creation)) oldest = resource.get();
  }
  return oldest ? Kri::of(*oldest) : Kri{};
}

bool MeshView::mtls_enabled() const { return !enabled_backend(mesh()).is_null(); }

bool MeshView::mtls_permissive() const { return text_at(enabled_backend(mesh()), "mode") == "PERMISSIVE"; }

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
  for (const std::string& service : services) {
    std::string prefix = service + '\x1f';
    for (auto it = index_->users.from(prefix); it != index_->users.end() && (*it).first.starts_with(prefix); ++it)
      out.insert((*it).first.substr(prefix.size()));
  }
}

Affected MeshView::affected_by_dataplane(const ResourceChange& change) const {
  Affected result;
  if (change.after) result.names.insert(change.after->meta.name);
  Contribution before = change.before ? contribution(*this, *index_, *change.before) : Contribution{};
  Contribution after = change.after ? contribution(*this, *index_, *change.after) : Contribution{};
  if (before.instances != after.instances) add_users({"*direct"}, result.names);
  if (before.endpoints == after.endpoints) return result;
  std::set<std::string> names = before.names, services;
  names.insert(after.names.begin(), after.names.end());
  names.insert("*");
  for (const auto* side : {&before, &after})
    for (const auto& [service, instances] : side->endpoints) services.insert(service);
  Combined combined = combined_of(*this, services);
  names.insert(combined.names.begin(), combined.names.end());
  services.insert(combined.destinations.begin(), combined.destinations.end());
  // Policies and other zones change what a proxy gets of a list of endpoints.
  auto elsewhere = [&](const Endpoint& e) { return e.locality && e.locality->zone != settings_.zone; };
  bool own =
      !all("MeshLoadBalancingStrategy").empty() || std::ranges::any_of(services, [&](const std::string& service) {
        return std::ranges::any_of(endpoints(service), elsewhere);
      });
  if (own || !only_endpoints(change, services)) {
    result.all = has_routes(*this);
    result.virtual_outbounds = true;
    add_users(names, result.names);
    return result;
  }
  result.endpoints = std::move(services);
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
  if (kind == "DataplaneInsight") {
    auto backend = [](const ResourcePtr& r) { return r ? text_at(r->spec, "mTLS", "issuedBackend") : std::string(); };
    result.all = mtls_permissive() && backend(change.before) != backend(change.after);
    return result;
  }
  if (kind == "Dataplane") return affected_by_dataplane(change);
  // What this zone's own ingress offers is for other zones.
  auto own_ingress = [&](const ResourcePtr& r) { return !r || !is_remote_ingress(*r, settings_.zone); };
  if (kind == "ZoneIngress" && own_ingress(change.before) && own_ingress(change.after)) return result;
  if (kind != "MeshService" || has_routes(*this) || !all("MeshMultiZoneService").empty()) {
    result.all = true;
    return result;
  }
  result.virtual_outbounds = true;
  add_users({"MeshService/" + subject.meta.name, "*"}, result.names);
  return result;
}

}  // namespace kumasim::cp
