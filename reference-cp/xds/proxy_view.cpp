#include "reference-cp/xds/proxy_view.hpp"

#include <algorithm>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/reachable.hpp"
#include "reference-cp/xds/transparent_proxy.hpp"
#include "reference-cp/xds/vip_outbounds.hpp"

namespace kumasim::cp {
namespace {

bool is_ipv4(const std::string& address) {
  return !address.empty() && address.find_first_not_of("0123456789.") == std::string::npos;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The Mesh*Service that a `backendRef` of a Dataplane's outbound names, with its port as section.
Kri backend(const MeshView& mesh, const Resource& dataplane, const nlohmann::json& ref) {
  std::string kind = text_at(ref, "kind");
  Kri kri;
  if (Tags labels = tags_of(at(ref, "labels")); !labels.empty()) {
    kri = mesh.destination_by_labels(kind, labels);
  } else {
    Kri own = Kri::of(dataplane);
    kri = {kind, own.mesh, own.zone, own.ns, text_at(ref, "name"), {}};
  }
  if (std::uint32_t port = number_at(ref, "port"); port && !kri.empty()) kri.section = std::to_string(port);
  return kri;
}

std::vector<Outbound> own_outbounds(const MeshView& mesh, const Resource& dataplane) {
  std::vector<Outbound> result;
  for (const nlohmann::json& from : at(dataplane.spec, "networking", "outbound")) {
    Outbound outbound;
    outbound.address = text_at(from, "address");
    if (outbound.address.empty()) outbound.address = "127.0.0.1";
    outbound.port = number_at(from, "port");
    if (const nlohmann::json& ref = at(from, "backendRef"); ref.is_object()) {
      outbound.resource = backend(mesh, dataplane, ref);
      if (outbound.resource.empty()) continue;
    } else {
      outbound.tags = tags_of(at(from, "tags"));
      if (std::string service = text_at(from, "service");
          !service.empty() && !outbound.tags.contains("kuma.io/service"))
        outbound.tags["kuma.io/service"] = service;
    }
    result.push_back(std::move(outbound));
  }
  return result;
}

}  // namespace

std::optional<TransparentProxy> transparent_proxy_of(const Resource& dataplane, const NodeMetadata& metadata) {
  TransparentProxy result;
  std::string mode;
  if (metadata.has("feature-transparent-proxy-in-dataplane-metadata")) {
    nlohmann::json given = nlohmann::json::parse(metadata.transparent_proxy, nullptr, false);
    const nlohmann::json& redirect = at(given, "redirect");
    auto port = [&](const char* flow, std::uint32_t otherwise) {
      if (!at(redirect, flow).is_object()) return given.is_object() ? 0u : otherwise;
      return flag_at(redirect, flow, "enabled") ? number_at(redirect, flow, "port") : 0u;
    };
    result.redirect_port_inbound = port("inbound", 15006);
    result.redirect_port_outbound = port("outbound", 15001);
    mode = text_at(given, "ipFamilyMode");
  } else {
    const nlohmann::json& from = at(dataplane.spec, "networking", "transparentProxying");
    result.redirect_port_inbound = number_at(from, "redirectPortInbound");
    result.redirect_port_outbound = number_at(from, "redirectPortOutbound");
    mode = text_at(from, "ipFamilyMode");
  }
  result.dns_port = metadata.dns_port;
  result.ipv6 = lower(mode) != "ipv4";
  if (result.redirect_port_inbound == 0 && result.redirect_port_outbound == 0) return std::nullopt;
  if (!result.ipv6 && !is_ipv4(text_at(dataplane.spec, "networking", "address"))) return std::nullopt;
  return result;
}

std::string Outbound::service() const {
  auto found = tags.find("kuma.io/service");
  return found == tags.end() ? std::string() : found->second;
}

Reach reach_of(const Affected& affected, const std::string& name, const NodeMetadata& metadata) {
  bool told = metadata.has("feature-transparent-proxy-in-dataplane-metadata") || metadata.has("feature-bind-outbounds");
  if (affected.all || affected.names.contains(name) || (affected.virtual_outbounds && told)) return Reach::everything;
  return affected.endpoints.empty() ? Reach::nothing : Reach::endpoints;
}

ProxyView proxy_view(const MeshView& mesh, ResourcePtr dataplane, NodeMetadata metadata, ProxyIdentity identity) {
  ProxyView proxy;
  proxy.name = dataplane->meta.name;
  proxy.inbounds = inbounds_of(*dataplane);
  proxy.transparent_proxy = transparent_proxy_of(*dataplane, metadata);
  proxy.address = text_at(dataplane->spec, "networking", "address");
  if (const nlohmann::json& gateway = at(dataplane->spec, "networking", "gateway"); gateway.is_object()) {
    proxy.gateway_type = text_at(gateway, "type");
    if (proxy.gateway_type.empty()) proxy.gateway_type = "DELEGATED";
  }
  auto tags = tag_values(*dataplane);
  auto services = tags.find("kuma.io/service");
  proxy.service = services == tags.end() ? "unknown" : *services->second.begin();
  if (proxy.transparent_proxy || metadata.has("feature-bind-outbounds"))
    proxy.outbounds = reachable(mesh, *dataplane, proxy.inbounds, vip_outbounds(mesh));
  else
    proxy.outbounds = own_outbounds(mesh, *dataplane);
  proxy.unified_naming = metadata.has("feature-unified-resource-naming") && mesh.mesh_services_mode() == "Exclusive";
  proxy.dataplane = std::move(dataplane);
  proxy.metadata = std::move(metadata);
  proxy.identity = std::move(identity);
  return proxy;
}

}  // namespace kumasim::cp
