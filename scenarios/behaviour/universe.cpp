#include "scenarios/behaviour/universe.hpp"

#include <algorithm>
#include <optional>

#include "reference-cp/manager/defaults.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/xds/derive/address_pool.hpp"
#include "reference-cp/xds/derive/available_services.hpp"
#include "reference-cp/xds/derive/destinations.hpp"
#include "reference-cp/xds/derive/mesh_services.hpp"
#include "reference-cp/xds/derive/vips.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/other_cas.hpp"
#include "reference-cp/xds/zone/zone_proxy.hpp"

namespace kumasim::scenario {

using namespace cp;

namespace {

/// What the manager fills in: the zone, and that a probed inbound is not ready before its probe has passed.
void complete(nlohmann::json& spec, const std::string& zone) {
  if (!spec.contains("networking")) return;
  nlohmann::json& networking = spec["networking"];
  if (networking.contains("inbound"))
    for (nlohmann::json& inbound : networking["inbound"]) {
      inbound["tags"]["kuma.io/zone"] = zone;
      if (inbound.contains("serviceProbe")) inbound["state"] = "NotReady";
    }
  if (networking.contains("gateway")) networking["gateway"]["tags"]["kuma.io/zone"] = zone;
}

std::string issuing_backend(const Resource* mesh) { return mesh ? text_at(mesh->spec, "mtls", "enabledBackend") : ""; }

ProxyIdentity words(const std::string& mesh, const Resource&) {
  ProxyIdentity identity;
  identity.certificate_pem = identity.key_pem = identity.ca_bundles[mesh] = "pem";
  identity.admin_ca_pem = identity.admin_certificate_pem = identity.admin_key_pem = "pem";
  return identity;
}

}  // namespace

Universe::Universe(Identify identify) : identify_(identify ? std::move(identify) : Identify(words)) {
  for (Resource& generator : default_hostname_generators(labels_)) put(std::move(generator));
}

void Universe::put(Resource resource) {
  auto held = resources_.find({resource.kind->type(), resource.key()});
  WallTime now{std::chrono::seconds(++clock_)};
  resource.meta.creation = held == resources_.end() ? now : held->second->meta.creation;
  resource.meta.modification = now;
  resource.meta.version = held == resources_.end() ? 1 : held->second->meta.version + 1;
  std::pair key{resource.kind->type(), resource.key()};
  resources_[key] = std::make_shared<const Resource>(std::move(resource));
}

bool Universe::apply(const nlohmann::json& document) {
  const Kind* kind = find_kind(text_at(document, "type"));
  if (!kind) return false;
  auto decoded = decode(*kind, document, UnknownFields::drop);
  if (!decoded) return false;
  Resource resource = std::move(*decoded);
  kind->fill(resource);
  if (kind->type() == "Dataplane") complete(resource.spec, labels_.zone);
  resource.meta.labels = compute_labels(resource, labels_);
  resource.status = nullptr;
  bool fresh = !resources_.contains({kind->type(), resource.key()});
  std::string name = resource.meta.name;
  nlohmann::json skipped = at(resource.spec, "skipCreatingInitialPolicies");
  put(std::move(resource));
  if (kind->type() != "Mesh" || !fresh) return true;
  for (Resource& policy : default_policies(name, false)) {
    auto skips = [&](const nlohmann::json& type) { return type == "*" || type == policy.kind->type(); };
    if (std::ranges::none_of(skipped, skips)) put(std::move(policy));
  }
  return true;
}

void Universe::remove(const nlohmann::json& document) {
  resources_.erase({text_at(document, "type"), {text_at(document, "mesh"), text_at(document, "name")}});
}

void Universe::connect(const std::string& mesh, const std::string& dataplane) {
  auto found = resources_.find({"Mesh", {"", mesh}});
  Resource insight;
  insight.kind = &kind::dataplane_insight();
  insight.meta.mesh = mesh;
  insight.meta.name = dataplane;
  nlohmann::json subscription = {{"id", "1"}, {"connectTime", "2026-01-01T00:00:00Z"}};
  insight.spec["subscriptions"] = nlohmann::json::array({subscription});
  if (std::string backend = found == resources_.end() ? "" : issuing_backend(found->second.get()); !backend.empty())
    insight.spec["mTLS"] = {{"issuedBackend", backend}};
  put(std::move(insight));
}

std::vector<std::string> Universe::meshes() const {
  std::vector<std::string> names;
  for (const auto& [key, resource] : resources_)
    if (key.first == "Mesh") names.push_back(resource->meta.name);
  return names;
}

MeshView::Ptr Universe::view(const std::string& mesh) const {
  std::vector<ResourcePtr> all;
  for (const auto& [key, resource] : resources_) all.push_back(resource);
  MeshView::Ptr view = MeshView::build(mesh, ZoneSettings{}, all);
  if (CrossMeshTable gateways = cross_mesh(); !gateways.empty())
    view = view->with_cross_mesh(std::make_shared<const CrossMeshTable>(std::move(gateways)));
  auto table = vips_.find(mesh);
  return table == vips_.end() ? view : view->with_vips(table->second);
}

CrossMeshTable Universe::cross_mesh() const {
  auto of = [&](const char* kind, const std::string& mesh) {
    std::vector<ResourcePtr> result;
    for (const auto& [key, resource] : resources_)
      if (key.first == kind && key.second.mesh == mesh) result.push_back(resource);
    return result;
  };
  CrossMeshTable table;
  for (const std::string& mesh : meshes())
    if (auto gateways = policy::cross_mesh_gateways(of("MeshGateway", mesh), of("Dataplane", mesh)))
      table.emplace(mesh, std::move(*gateways));
  return table;
}

ProxyIdentity Universe::identity(const MeshView& mesh, const Resource& proxy) const {
  ProxyIdentity result = identify_(mesh.name(), proxy);
  if (!mesh.mtls_enabled()) return result;
  auto ca_of = [&](const std::string& other) -> std::optional<std::string> {
    if (!mesh.mtls_enabled(other)) return std::nullopt;
    ProxyIdentity theirs = identify_(other, proxy);
    auto found = theirs.ca_bundles.find(other);
    return found == theirs.ca_bundles.end() ? std::nullopt : std::optional(found->second);
  };
  add_other_cas(mesh.cross_mesh(), mesh.name(), meshes(), ca_of, result);
  return result;
}

void Universe::settle() {
  for (int round = 0; round < 10; ++round) {
    bool changed = false;
    for (const std::string& mesh : meshes()) {
      derive::AddressPool pool("241.0.0.0", 8);
      for (const auto& [key, resource] : resources_)
        if (key.first == "MeshService")
          for (const std::string& vip : mesh_service::vips(*resource)) pool.take(vip);
      MeshView::Ptr now = view(mesh);
      auto writes = derive::mesh_services(*now, [&] { return pool.next(); }, WallTime(std::chrono::seconds(clock_)));
      changed = changed || !writes.empty();
      for (Resource& resource : writes.create) put(std::move(resource));
      for (Resource& resource : writes.update) put(std::move(resource));
      for (const ResourceKey& key : writes.remove) resources_.erase({"MeshService", key});
      for (Resource& resource : derive::destinations(*now, [&](std::string_view kind) { return next_address(kind); })) {
        changed = true;
        put(std::move(resource));
      }
      VipTable table = derive::vips(*now, now->vips());
      changed = changed || table != now->vips();
      vips_[mesh] = std::make_shared<const VipTable>(std::move(table));
    }
    if (!offer_services() && !changed) return;
  }
}

std::string Universe::next_address(std::string_view kind) const {
  derive::AddressPool pool(kind == "MeshExternalService" ? "242.0.0.0" : "243.0.0.0", 8);
  for (const auto& [key, resource] : resources_)
    if (key.first == kind)
      for (const std::string& vip : mesh_service::vips(*resource)) pool.take(vip);
  return pool.next();
}

bool Universe::offer_services() {
  std::vector<Resource> changed;
  nlohmann::json services = derive::available_services(views());
  for (const auto& [key, resource] : resources_) {
    std::string zone = text_at(resource->spec, "zone");
    if (key.first != "ZoneIngress" || (!zone.empty() && zone != labels_.zone)) continue;
    if (at(resource->spec, "availableServices") == services) continue;
    if (services.empty() && !resource->spec.contains("availableServices")) continue;
    changed.push_back(*resource);
    changed.back().spec["availableServices"] = services;
  }
  for (Resource& resource : changed) put(std::move(resource));
  return !changed.empty();
}

std::map<std::string, MeshView::Ptr> Universe::views() const {
  std::map<std::string, MeshView::Ptr> result;
  for (const std::string& mesh : meshes()) result[mesh] = view(mesh);
  return result;
}

Snapshot Universe::zone_snapshot(const std::string& name, const NodeMetadata& metadata) const {
  bool ingress = metadata.proxy_type == "ingress";
  auto found = resources_.find({ingress ? "ZoneIngress" : "ZoneEgress", {"", name}});
  if (found == resources_.end()) return {};
  ZoneProxy proxy;
  proxy.resource = found->second;
  proxy.metadata = metadata;
  proxy.admin = identify_("", *proxy.resource);
  std::map<std::string, MeshView::Ptr> all = views();
  for (const auto& [mesh, view] : all) proxy.identities[mesh] = identify_(mesh, *proxy.resource);
  return ingress ? generate_zone_ingress(all, proxy) : generate_zone_egress(all, proxy);
}

Snapshot Universe::snapshot(const std::string& mesh, const std::string& dataplane,
                            const nlohmann::json& node_metadata) const {
  NodeMetadata metadata = NodeMetadata::from_json(node_metadata.dump());
  if (metadata.proxy_type != "dataplane") return zone_snapshot(dataplane, metadata);
  MeshView::Ptr now = view(mesh);
  const ResourcePtr* found = now->all("Dataplane").find(dataplane);
  if (!found) return {};
  ProxyView proxy = proxy_view(*now, *found, std::move(metadata), identity(*now, **found));
  return generate(*now, proxy);
}

}  // namespace kumasim::scenario
