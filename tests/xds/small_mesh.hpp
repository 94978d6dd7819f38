/// A small mesh of random Dataplanes and services, as writes in some order.
#pragma once

#include <rapidcheck.h>

#include <fmt/format.h>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/generate.hpp"

namespace kumasim::cp {

/// One write: a resource, or its removal.
struct Write {
  std::string kind, name;
  nlohmann::json spec;  ///< null: removed
};

inline void showValue(const Write& write, std::ostream& os) {
  os << write.kind << " " << write.name << " " << write.spec.dump();
}

inline nlohmann::json dataplane_spec(int number, int service, int version, bool redirected, int outbound) {
  nlohmann::json inbound = {{"port", 8000 + version},
                            {"tags",
                             {{"kuma.io/service", fmt::format("service-{}", service)},
                              {"kuma.io/protocol", version ? "http" : "tcp"},
                              {"kuma.io/zone", "default"},
                              {"version", fmt::format("v{}", version)}}}};
  nlohmann::json networking = {{"address", fmt::format("10.0.0.{}", number + 1)},
                               {"inbound", nlohmann::json::array({inbound})}};
  if (redirected)
    networking["transparentProxying"] = {{"redirectPortInbound", 15006}, {"redirectPortOutbound", 15001}};
  else
    networking["outbound"] = nlohmann::json::array(
        {nlohmann::json{{"port", 10000}, {"tags", {{"kuma.io/service", fmt::format("service-{}", outbound)}}}}});
  return {{"networking", networking}};
}

inline nlohmann::json mesh_service_spec(int service, int port) {
  return {{"selector", {{"dataplaneTags", {{"kuma.io/service", fmt::format("service-{}", service)}}}}},
          {"ports", nlohmann::json::array({nlohmann::json{
                        {"name", "main"}, {"port", 80}, {"targetPort", 8000 + port}, {"appProtocol", "http"}}})}};
}

inline rc::Gen<Write> any_write() {
  using rc::gen::inRange;
  auto dataplane = rc::gen::map(
      rc::gen::tuple(inRange(0, 6), inRange(0, 3), inRange(0, 2), rc::gen::arbitrary<bool>(), inRange(0, 3),
                     inRange(0, 5)),
      [](const std::tuple<int, int, int, bool, int, int>& t) {
        auto [number, service, version, redirected, outbound, removed] = t;
        return Write{"Dataplane", fmt::format("dp-{}", number),
                     removed == 0 ? nlohmann::json() : dataplane_spec(number, service, version, redirected, outbound)};
      });
  auto service = rc::gen::map(rc::gen::tuple(inRange(0, 3), inRange(0, 3), inRange(0, 2), inRange(0, 5)),
                              [](const std::tuple<int, int, int, int>& t) {
                                auto [number, selected, port, removed] = t;
                                return Write{"MeshService", fmt::format("ms-{}", number),
                                             removed == 0 ? nlohmann::json() : mesh_service_spec(selected, port)};
                              });
  auto mesh = rc::gen::map(inRange(0, 3), [](int kind) {
    nlohmann::json spec = {{"meshServices", {{"mode", "Everywhere"}}}};
    if (kind > 0)
      spec["mtls"] = {{"enabledBackend", "ca"},
                      {"backends", nlohmann::json::array({nlohmann::json{{"name", "ca"}, {"type", "builtin"}}})}};
    if (kind > 1) spec["routing"] = {{"localityAwareLoadBalancing", true}};
    return Write{"Mesh", "m", spec};
  });
  return rc::gen::weightedOneOf<Write>({{6, dataplane}, {3, service}, {1, mesh}});
}

inline ResourcePtr to_resource(const Write& write) {
  Resource resource;
  resource.kind = find_kind(write.kind);
  resource.meta.name = write.name;
  if (write.kind != "Mesh") resource.meta.mesh = "m";
  resource.spec = write.spec.is_null() ? nlohmann::json::object() : write.spec;
  if (write.kind == "MeshService")
    resource.status = {{"vips", nlohmann::json::array({nlohmann::json{{"ip", "241.0.0." + write.name.substr(3)}}})}};
  return std::make_shared<const Resource>(std::move(resource));
}

/// The snapshots of all proxies of a view, by name.
inline std::map<std::string, Snapshot> snapshots(const MeshView& view) {
  NodeMetadata node;
  node.admin_port = 9901;
  node.readiness_port = 9902;
  node.dns_port = 15053;
  node.features = {"feature-embedded-dns"};
  std::map<std::string, Snapshot> result;
  for (const auto& [name, dataplane] : view.all("Dataplane")) {
    ProxyIdentity identity;
    identity.certificate_pem = "certificate of " + name;
    identity.ca_bundles["m"] = "bundle";
    result[name] = generate(view, proxy_view(view, dataplane, node, identity));
  }
  return result;
}

}  // namespace kumasim::cp
