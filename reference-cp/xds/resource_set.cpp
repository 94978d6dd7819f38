#include "reference-cp/xds/resource_set.hpp"

#include <utility>

#include <google/protobuf/message.h>

#include "reference-cp/xds/content_hash.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp {

std::string_view to_string(Origin origin) {
  switch (origin) {
    case Origin::admin: return "admin";
    case Origin::direct_access: return "direct-access";
    case Origin::dns: return "dns";
    case Origin::dynamic_config: return "dynamic-config";
    case Origin::egress: return "egress";
    case Origin::gateway: return "gateway";
    case Origin::inbound: return "inbound";
    case Origin::ingress: return "ingress";
    case Origin::mesh_access_log: return "meshaccesslog";
    case Origin::mesh_identity: return "IdentityBundled";
    case Origin::mesh_identity_spire: return "mesh-identity-spire";
    case Origin::mesh_passthrough: return "meshpassthrough";
    case Origin::mesh_proxy_patch: return "mesh-proxy-patch";
    case Origin::mesh_trace: return "mesh-trace";
    case Origin::mesh_trust: return "mesh-trust";
    case Origin::open_telemetry: return "open-telemetry";
    case Origin::outbound: return "outbound";
    case Origin::probe: return "probe";
    case Origin::prometheus: return "prometheus";
    case Origin::proxy_template_modifications: return "proxy-template-modifications";
    case Origin::proxy_template_raw: return "proxy-template-raw";
    case Origin::secrets: return "secrets";
    case Origin::tracing: return "tracing";
    case Origin::transparent: return "transparent";
  }
  return {};
}

XdsResourcePtr serialise(const std::string& name, std::string_view type_url, const google::protobuf::Message& message) {
  auto bytes = std::make_shared<const std::string>(any_bytes(type_url, message));
  ContentHash hash;
  hash.add(*bytes);
  return std::make_shared<const XdsResource>(XdsResource{name, hash.hex(), std::move(bytes)});
}

EnvoyResource::EnvoyResource(std::string name, std::unique_ptr<google::protobuf::Message> message, Origin origin,
                             Kri resource, std::string protocol)
    : name(std::move(name)), message(std::move(message)), origin(origin), resource(std::move(resource)),
      protocol(std::move(protocol)) {}
EnvoyResource::~EnvoyResource() = default;
EnvoyResource::EnvoyResource(EnvoyResource&&) noexcept = default;
EnvoyResource& EnvoyResource::operator=(EnvoyResource&&) noexcept = default;

ResourceSet::ResourceSet() = default;
ResourceSet::~ResourceSet() = default;
ResourceSet::ResourceSet(ResourceSet&&) noexcept = default;
ResourceSet& ResourceSet::operator=(ResourceSet&&) noexcept = default;

EnvoyResource& ResourceSet::add(EnvoyResource resource) {
  std::string type = type_url_of(*resource.message);
  Named& named = types_[type];
  std::string name = resource.name;
  if (auto finished = finished_.find(type); finished != finished_.end()) finished->second.erase(name);
  return named.insert_or_assign(std::move(name), std::move(resource)).first->second;
}

EnvoyResource& ResourceSet::add(std::string name, std::unique_ptr<google::protobuf::Message> message, Origin origin,
                                Kri resource, std::string protocol) {
  return add(EnvoyResource(std::move(name), std::move(message), origin, std::move(resource), std::move(protocol)));
}

void ResourceSet::add_finished(std::string_view type_url, XdsResourcePtr resource) {
  remove(type_url, resource->name);
  std::string name = resource->name;
  finished_.try_emplace(std::string(type_url)).first->second.emplace(std::move(name), std::move(resource));
}

bool ResourceSet::remove(std::string_view type_url, std::string_view name) {
  if (auto type = finished_.find(type_url); type != finished_.end())
    if (auto finished = type->second.find(name); finished != type->second.end()) {
      type->second.erase(finished);
      return true;
    }
  Named& named = of(type_url);
  auto found = named.find(name);
  if (found == named.end()) return false;
  named.erase(found);
  return true;
}

void ResourceSet::add_all(ResourceSet other) {
  for (auto& [type, named] : other.types_)
    for (auto& [name, resource] : named) add(std::move(resource));
  for (auto& [type, resources] : other.finished_)
    for (auto& [name, resource] : resources) add_finished(type, std::move(resource));
  for (GatewayHosts& hosts : other.gateway_hosts_) add_gateway_hosts(std::move(hosts));
}

EnvoyResource* ResourceSet::find(std::string_view type_url, std::string_view name) {
  Named& named = of(type_url);
  auto found = named.find(name);
  return found == named.end() ? nullptr : &found->second;
}

ResourceSet::Named& ResourceSet::of(std::string_view type_url) {
  return types_.try_emplace(std::string(type_url)).first->second;
}

const ResourceSet::Named& ResourceSet::of(std::string_view type_url) const {
  static const Named none;
  auto found = types_.find(type_url);
  return found == types_.end() ? none : found->second;
}

Snapshot ResourceSet::snapshot() const {
  Snapshot snapshot;
  for (const auto& [type, named] : types_)
    for (const auto& [name, resource] : named) snapshot.add(type, serialise(name, type, *resource.message));
  for (const auto& [type, resources] : finished_)
    for (const auto& [name, resource] : resources) snapshot.add(type, resource);
  return snapshot;
}

}  // namespace kumasim::cp
