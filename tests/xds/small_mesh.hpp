/// A small mesh of random Dataplanes, services, routes and policies, as writes in some order.
#pragma once

#include <rapidcheck.h>

#include <fmt/format.h>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/generate.hpp"

namespace kumasim::cp {

/// One write: a resource, or its removal.
struct MeshWrite {
  std::string kind, name;
  nlohmann::json spec;  ///< null: removed
};

inline void showValue(const MeshWrite& write, std::ostream& os) {
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

/// What of a Dataplane others see, or it sees of others, in ways of its own.
inline nlohmann::json with_rarities(nlohmann::json spec, int state, int address, int reach) {
  nlohmann::json& networking = spec["networking"];
  nlohmann::json& inbound = networking["inbound"][0];
  if (state == 1) inbound["state"] = "NotReady";
  if (state == 2) inbound["health"] = {{"ready", false}};
  if (state == 3) inbound["state"] = "Ignored";
  if (address > 0) networking["advertisedAddress"] = "10.9.9.9";
  if (address > 1) networking["address"] = fmt::format("10.0.{}.1", address);
  if (state == 4) {
    networking["gateway"] = {{"type", "BUILTIN"}, {"tags", inbound["tags"]}};
    networking.erase("inbound");
  }
  if (!networking.contains("transparentProxying")) return spec;
  nlohmann::json& transparent = networking["transparentProxying"];
  if (reach == 1) transparent["directAccessServices"] = {"*"};
  if (reach == 2) transparent["directAccessServices"] = {"service-1"};
  if (reach == 3) transparent["reachableServices"] = {"service-1"};
  if (reach == 4) transparent["reachableBackends"] = {{"refs", {{{"kind", "MeshService"}, {"name", "ms-1"}}}}};
  return spec;
}

/// A policy or a route by its number, those of the same kind differing by `variant`.
inline MeshWrite policy_write(int number, int variant) {
  nlohmann::json all = {{"kind", "Mesh"}};
  nlohmann::json service = {{"kind", "MeshService"}, {"name", fmt::format("service-{}", variant)}};
  auto to = [&](const nlohmann::json& target, const nlohmann::json& conf) {
    return nlohmann::json{{"targetRef", all}, {"to", {{{"targetRef", target}, {"default", conf}}}}};
  };
  auto tagged = [](int n, int version) {
    return nlohmann::json{{"kuma.io/service", fmt::format("service-{}", n)}, {"version", fmt::format("v{}", version)}};
  };
  switch (number) {
    case 0: {
      nlohmann::json any = {{{"match", {{"kuma.io/service", "*"}}}}};
      nlohmann::json split = {{{"weight", 1}, {"destination", tagged(variant, 0)}},
                              {{"weight", 2}, {"destination", tagged(1, 1)}}};
      return {"TrafficRoute",
              fmt::format("route-{}", variant),
              {{"sources", any},
               {"destinations", {{{"match", {{"kuma.io/service", fmt::format("service-{}", variant)}}}}}},
               {"conf", {{"split", split}}}}};
    }
    case 1: {
      nlohmann::json refs = {{{"kind", "MeshService"}, {"name", "service-1"}, {"weight", 1}},
                             {{"kind", "MeshServiceSubset"}, {"name", "service-2"}, {"tags", {{"version", "v1"}}}}};
      nlohmann::json rule = {{"matches", {{{"path", {{"type", "PathPrefix"}, {"value", "/"}}}}}},
                             {"default", {{"backendRefs", refs}}}};
      return {"MeshHTTPRoute",
              fmt::format("http-{}", variant),
              {{"targetRef", all}, {"to", {{{"targetRef", service}, {"rules", {rule}}}}}}};
    }
    case 2: return {"MeshTimeout", fmt::format("timeout-{}", variant), to(service, {{"connectionTimeout", "7s"}})};
    case 3: return {"MeshRetry", fmt::format("retry-{}", variant), to(all, {{"http", {{"numRetries", variant}}}})};
    case 4:
      return {"MeshTrafficPermission",
              fmt::format("permission-{}", variant),
              {{"targetRef", all},
               {"from", {{{"targetRef", all}, {"default", {{"action", variant ? "Allow" : "Deny"}}}}}}}};
    case 5: return {"DataplaneInsight", fmt::format("dp-{}", variant), {{"mTLS", {{"issuedBackend", "ca"}}}}};
    case 6:
      return {
          "ExternalService",
          fmt::format("external-{}", variant),
          {{"tags", {{"kuma.io/service", "service-2"}, {"kuma.io/protocol", "http"}}},
           {"networking", {{"address", fmt::format("a{}.example.com:443", variant)}, {"tls", {{"enabled", true}}}}}}};
    case 7:
      return {"MeshHealthCheck", fmt::format("health-{}", variant),
              to(service, {{"http", {{"path", "/up"}}}, {"tcp", nlohmann::json::object()}})};
    case 8:
      return {"MeshFaultInjection",
              fmt::format("fault-{}", variant),
              {{"targetRef", {{"kind", "Mesh"}, {"proxyTypes", {"Sidecar"}}}},
               {"from",
                {{{"targetRef", {{"kind", "MeshSubset"}, {"tags", tagged(variant, 1)}}},
                  {"default", {{"http", {{{"abort", {{"httpStatus", 500}, {"percentage", 50}}}}}}}}}}}}};
    case 9:
      return {
          "MeshRateLimit",
          fmt::format("limit-{}", variant),
          {{"targetRef", all},
           {"rules",
            {{{"default", {{"local", {{"http", {{"requestRate", {{"num", variant + 1}, {"interval", "1s"}}}}}}}}}}}}}};
    case 10:
      return {"MeshTrace",
              fmt::format("trace-{}", variant),
              {{"targetRef", all},
               {"default", {{"backends", {{{"datadog", {{"url", "http://10.9.9.9:80"}, {"splitService", true}}}}}}}}}};
    case 11:
      return {"MeshAccessLog", fmt::format("log-{}", variant),
              to(variant ? service : all, {{"backends", {{{"openTelemetry", {{"endpoint", "otel"}}}}}}})};
    case 12: {
      nlohmann::json listener = {{"port", 80}, {"protocol", variant == 2 ? "TCP" : "HTTP"}, {"tags", {{"n", "1"}}}};
      if (variant == 1) listener["hostname"] = "*.example.com";
      return {
          "MeshGateway",
          fmt::format("gateway-{}", variant),
          {{"selectors", {{{"match", {{"kuma.io/service", "service-1"}}}}}}, {"conf", {{"listeners", {listener}}}}}};
    }
    case 13: {
      nlohmann::json backends = {{{"weight", 1}, {"destination", tagged(variant, 1)}},
                                 {{"weight", 1}, {"destination", {{"kuma.io/service", "service-2"}}}}};
      nlohmann::json rule = {{"backends", backends}};
      if (variant != 2) rule["matches"] = {{{"path", {{"match", "PREFIX"}, {"value", "/a"}}}}};
      return {"MeshGatewayRoute",
              fmt::format("gateway-route-{}", variant),
              {{"selectors", {{{"match", {{"kuma.io/service", "*"}}}}}},
               {"conf", {{variant == 2 ? "tcp" : "http", {{"rules", {rule}}}}}}}};
    }
    case 14: {
      nlohmann::json failover = {{{"to", {{"type", variant ? "Only" : "Any"}, {"zones", {"east"}}}}}};
      nlohmann::json conf = {{"loadBalancer", {{"type", "RingHash"}}}};
      if (variant < 2) conf["localityAwareness"] = {{"crossZone", {{"failover", failover}}}};
      return {"MeshLoadBalancingStrategy", fmt::format("balance-{}", variant), to(variant ? service : all, conf)};
    }
    case 15: {
      nlohmann::json cluster = {
          {"operation", "Patch"}, {"match", {{"origin", "outbound"}}}, {"value", "respectDnsTtl: true"}};
      return {
          "MeshProxyPatch",
          fmt::format("patch-{}", variant),
          {{"targetRef", variant ? all : service}, {"default", {{"appendModifications", {{{"cluster", cluster}}}}}}}};
    }
    case 16:
      return {"MeshTLS",
              fmt::format("tls-{}", variant),
              {{"targetRef", all},
               {"rules",
                {{{"default", {{"mode", variant ? "Permissive" : "Strict"}, {"tlsVersion", {{"min", "TLS12"}}}}}}}}}};
    case 17: {
      nlohmann::json match = {{"type", "Domain"}, {"value", "x.org"}, {"port", 80 + variant}, {"protocol", "http"}};
      return {"MeshPassthrough",
              fmt::format("pass-{}", variant),
              {{"targetRef", all}, {"default", {{"passthroughMode", "Matched"}, {"appendMatch", {match}}}}}};
    }
    case 18:
      return {
          "MeshMetric",
          fmt::format("metric-{}", variant),
          {{"targetRef", all},
           {"default", {{"backends", {{{"type", "Prometheus"}, {"prometheus", {{"port", 5670}, {"path", "/m"}}}}}}}}}};
    case 19: {
      nlohmann::json cluster = {{"operation", "patch"}, {"value", "respectDnsTtl: true"}};
      nlohmann::json imports = nlohmann::json::array();
      if (variant) imports.push_back("default-proxy");
      return {"ProxyTemplate",
              fmt::format("template-{}", variant),
              {{"selectors", {{{"match", {{"kuma.io/service", fmt::format("service-{}", variant)}}}}}},
               {"conf", {{"imports", imports}, {"modifications", {{{"cluster", cluster}}}}}}}};
    }
    default: {
      nlohmann::json any = {{{"match", {{"kuma.io/service", variant ? "*" : "service-0"}}}}};
      return {"TrafficPermission", fmt::format("permission-{}", variant), {{"sources", any}, {"destinations", any}}};
    }
  }
}

/// What is reached through zone proxies, and those proxies.
inline MeshWrite zone_write(int number, int variant) {
  switch (number) {
    case 0: {
      nlohmann::json tags = {{"kuma.io/service", fmt::format("service-{}", variant)},
                             {"kuma.io/protocol", "http"},
                             {"kuma.io/zone", "east"},
                             {"version", "v1"}};
      nlohmann::json services = {{{"tags", tags}, {"instances", variant + 1}, {"mesh", "m"}}};
      return {
          "ZoneIngress",
          fmt::format("ingress-{}", variant),
          {{"zone", variant == 2 ? "default" : "east"},
           {"networking", {{"advertisedAddress", fmt::format("198.51.100.{}", variant)}, {"advertisedPort", 20001}}},
           {"availableServices", services}}};
    }
    case 1:
      return {"ZoneEgress",
              fmt::format("egress-{}", variant),
              {{"networking", {{"address", fmt::format("10.30.0.{}", variant)}, {"port", 10002}}}}};
    case 2:
      return {"MeshExternalService",
              fmt::format("ext-{}", variant),
              {{"match", {{"type", "HostnameGenerator"}, {"port", 9000 + variant}, {"protocol", "http"}}},
               {"endpoints", {{{"address", "x.example.com"}, {"port", 443}}}}}};
    case 3:
      return {"MeshMultiZoneService",
              fmt::format("mz-{}", variant),
              {{"ports", {{{"port", 80}, {"appProtocol", "http"}}}}}};
    default:
      return {"MeshService",
              fmt::format("far-{}", variant),
              {{"ports", {{{"port", 80}, {"targetPort", 8080}, {"appProtocol", "http"}}}}, {"state", "Available"}}};
  }
}

inline rc::Gen<MeshWrite> any_write() {
  using rc::gen::inRange;
  auto dataplane = rc::gen::map(
      rc::gen::tuple(inRange(0, 6), inRange(0, 3), inRange(0, 2), rc::gen::arbitrary<bool>(), inRange(0, 3),
                     inRange(0, 5), rc::gen::tuple(inRange(0, 6), inRange(0, 6), inRange(0, 6))),
      [](const std::tuple<int, int, int, bool, int, int, std::tuple<int, int, int>>& t) {
        auto [number, service, version, redirected, outbound, removed, rare] = t;
        auto [state, address, reach] = rare;
        nlohmann::json spec = dataplane_spec(number, service, version, redirected, outbound);
        return MeshWrite{"Dataplane", fmt::format("dp-{}", number),
                         removed == 0 ? nlohmann::json() : with_rarities(std::move(spec), state, address - 2, reach)};
      });
  auto service = rc::gen::map(rc::gen::tuple(inRange(0, 3), inRange(0, 3), inRange(0, 2), inRange(0, 5)),
                              [](const std::tuple<int, int, int, int>& t) {
                                auto [number, selected, port, removed] = t;
                                return MeshWrite{"MeshService", fmt::format("ms-{}", number),
                                                 removed == 0 ? nlohmann::json() : mesh_service_spec(selected, port)};
                              });
  auto policy = rc::gen::map(rc::gen::tuple(inRange(0, 21), inRange(0, 3), inRange(0, 3)),
                             [](const std::tuple<int, int, int>& t) {
                               auto [number, variant, removed] = t;
                               MeshWrite write = policy_write(number, variant);
                               if (removed == 0) write.spec = nullptr;
                               return write;
                             });
  auto mesh = rc::gen::map(rc::gen::tuple(inRange(0, 4), inRange(0, 3)), [](const std::tuple<int, int>& t) {
    static constexpr const char* modes[] = {"Everywhere", "Disabled", "ReachableBackends"};
    auto [kind, mode] = t;
    nlohmann::json spec = {{"meshServices", {{"mode", modes[mode]}}}};
    if (kind > 0)
      spec["mtls"] = {{"enabledBackend", "ca"},
                      {"backends", nlohmann::json::array({nlohmann::json{{"name", "ca"}, {"type", "builtin"}}})}};
    if (kind > 1) spec["routing"] = {{"localityAwareLoadBalancing", true}, {"zoneEgress", mode == 1}};
    if (kind > 2) spec["mtls"]["backends"][0]["mode"] = "PERMISSIVE";
    return MeshWrite{"Mesh", "m", spec};
  });
  auto zone =
      rc::gen::map(rc::gen::tuple(inRange(0, 5), inRange(0, 3), inRange(0, 4)), [](const std::tuple<int, int, int>& t) {
        auto [number, variant, removed] = t;
        MeshWrite write = zone_write(number, variant);
        if (removed == 0) write.spec = nullptr;
        return write;
      });
  return rc::gen::weightedOneOf<MeshWrite>({{12, dataplane}, {5, service}, {1, policy}, {2, mesh}, {2, zone}});
}

inline ResourcePtr to_resource(const MeshWrite& write) {
  Resource resource;
  resource.kind = find_kind(write.kind);
  resource.meta.name = write.name;
  if (!resource.kind->is_global()) resource.meta.mesh = "m";
  resource.spec = write.spec.is_null() ? nlohmann::json::object() : write.spec;
  if (write.name.starts_with("far-")) resource.meta.labels = {{"kuma.io/origin", "global"}, {"kuma.io/zone", "east"}};
  if (write.kind == "MeshExternalService") resource.status = {{"vip", {{"ip", "242.0.0." + write.name.substr(4)}}}};
  if (write.kind == "MeshMultiZoneService") {
    // Of a local service and one of another zone.
    auto named = [&](const char* prefix, const char* zone) {
      return nlohmann::json{{"mesh", "m"}, {"name", prefix + write.name.substr(3)}, {"zone", zone}, {"namespace", ""}};
    };
    resource.status = {{"vips", {{{"ip", "243.0.0." + write.name.substr(3)}}}},
                       {"meshServices", {named("ms-", ""), named("far-", "east")}}};
  }
  if (write.kind == "MeshService" && write.name.starts_with("ms-"))
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
