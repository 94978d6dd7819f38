#include "reference-cp/xds/zone/parts.hpp"

#include <envoy/config/listener/v3/listener.pb.h>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/generate/generation.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/kri.hpp"

namespace kumasim::cp::zone {

void add_admin(ResourceSet& resources, const ZoneProxy& proxy) {
  // The generator asks nothing of a mesh.
  MeshView::Ptr none = MeshView::build({}, proxy.settings, {});
  ProxyView view;
  view.name = proxy.resource->meta.name;
  view.address = text_at(proxy.resource->spec, "networking", "address");
  view.metadata = proxy.metadata;
  view.identity = proxy.admin;
  generators::Generation generation{*none, view, resources};
  (void)generators::admin(generation);  // without one where the proxy cannot have it: see zone_proxy.hpp
}

envoy::ListenerPtr make_listener(const ZoneProxy& proxy) {
  const Resource& resource = *proxy.resource;
  std::string address = text_at(resource.spec, "networking", "address");
  std::uint32_t port = number_at(resource.spec, "networking", "port");
  const bool unified = proxy.unified_naming();
  std::string name = unified ? Kri::of(resource).to_string() : envoy::inbound_listener_name(address, port);
  envoy::ListenerPtr listener = envoy::inbound_listener(name, address, port);
  if (unified) listener->set_stat_prefix(envoy::unified::inbound(port, resource.kind->short_name()));
  envoy::tls_inspector(*listener);
  return listener;
}

std::vector<nlohmann::json> services_of(const Resource& ingress, const std::string& mesh) {
  std::vector<nlohmann::json> result;
  for (const nlohmann::json& service : at(ingress.spec, "availableServices"))
    if (text_at(service, "mesh") == mesh) result.push_back(service);
  return result;
}

}  // namespace kumasim::cp::zone
