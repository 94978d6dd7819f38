#include "tests/xds/wide_policies.hpp"

#include <array>

#include <fmt/format.h>

namespace kumasim::cp {
namespace {

using nlohmann::json;

struct Template {
  const char* kind;
  const char* spec;  ///< $S: a service's number, $V: a number of the policy's own, $A: Allow or Deny
};

constexpr std::array policies = {
    Template{"TrafficRoute", R"({"sources":[{"match":{"kuma.io/service":"*"}}],
      "destinations":[{"match":{"kuma.io/service":"service-$V"}}],
      "conf":{"split":[{"weight":1,"destination":{"kuma.io/service":"service-$S","version":"v0"}},
                       {"weight":2,"destination":{"kuma.io/service":"*"}}]}})"},
    Template{"TrafficRoute", R"({"sources":[{"match":{"kuma.io/service":"*"}}],
      "destinations":[{"match":{"kuma.io/service":"*"}}],"conf":{"destination":{"kuma.io/service":"*"},
      "http":[{"match":{"path":{"prefix":"/a"}},"destination":{"kuma.io/service":"service-$S"}}]}})"},
    Template{"MeshHTTPRoute", R"({"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{"kind":"MeshService",
      "name":"service-$V"},"rules":[{"matches":[{"path":{"type":"PathPrefix","value":"/"}}],"default":{"backendRefs":[
      {"kind":"MeshService","name":"service-$S","weight":1},{"kind":"MeshServiceSubset","name":"service-2",
       "tags":{"version":"v1"}}]}}]}]})"},
    Template{"MeshHTTPRoute", R"({"targetRef":{"kind":"MeshSubset","tags":{"kuma.io/service":"service-$V"}},
      "to":[{"targetRef":{"kind":"MeshService","name":"shown-$V"},"rules":[{"matches":[{"path":{"type":"PathPrefix",
      "value":"/"}}],"default":{"backendRefs":[{"kind":"MeshService","name":"shown-$S","port":80}]}}]}]})"},
    Template{"MeshHTTPRoute", R"({"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{"kind":"MeshService",
      "name":"service-$V"},"rules":[{"matches":[{"path":{"type":"PathPrefix","value":"/"}}],"default":{"backendRefs":[
      {"kind":"MeshService","name":"service-$S","port":800$V}]}}]}]})"},
    Template{"MeshTCPRoute", R"({"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{"kind":"MeshService",
      "name":"service-$V"},"rules":[{"default":{"backendRefs":[{"kind":"MeshService","labels":{"team":"t-$S"},
      "port":80}]}}]}]})"},
    Template{"MeshTCPRoute", R"({"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{"kind":"MeshService",
      "name":"service-$V"},"rules":[{"default":{"backendRefs":[{"kind":"MeshExternalService","name":"ext-$S",
      "port":9000},{"kind":"MeshMultiZoneService","name":"mz-$S","port":80}]}}]}]})"},
    Template{"MeshTimeout", R"({"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{"kind":"MeshService",
      "name":"service-$S"},"default":{"connectionTimeout":"7s"}}]})"},
    Template{"MeshTimeout", R"({"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{"kind":"MeshService",
      "labels":{"team":"t-$S"}},"default":{"connectionTimeout":"$Vs"}}]})"},
    Template{"MeshRetry", R"({"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{"kind":"MeshService","name":"shown-$S",
      "sectionName":"main"},"default":{"http":{"numRetries":$V}}}]})"},
    Template{"MeshTrafficPermission", R"({"targetRef":{"kind":"Mesh"},"from":[{"targetRef":{"kind":"MeshSubset",
      "tags":{"kuma.io/service":"service-$S"}},"default":{"action":"$A"}}]})"},
    Template{"MeshHealthCheck", R"({"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{"kind":"MeshService",
      "name":"service-$S"},"default":{"http":{"path":"/up"},"tcp":{}}}]})"},
    Template{"MeshCircuitBreaker", R"({"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{"kind":"MeshExternalService",
      "name":"ext-$S"},"default":{"connectionLimits":{"maxConnections":$V}}},{"targetRef":{"kind":"MeshService",
      "name":"service-$S"},"default":{"connectionLimits":{"maxConnections":5}}}]})"},
    Template{"MeshFaultInjection", R"({"targetRef":{"kind":"Mesh"},"from":[{"targetRef":{"kind":"MeshSubset",
      "tags":{"version":"v1"}},"default":{"http":[{"abort":{"httpStatus":500,"percentage":50}}]}}]})"},
    Template{"MeshRateLimit", R"({"targetRef":{"kind":"Mesh"},"from":[{"targetRef":{"kind":"Mesh"},"default":{"local":
      {"http":{"requestRate":{"num":$V,"interval":"1s"}}}}}]})"},
    Template{"MeshTrace", R"({"targetRef":{"kind":"Mesh"},"default":{"backends":[{"type":"Datadog","datadog":
      {"url":"http://10.9.9.9:80","splitService":true}}]}})"},
    Template{"MeshAccessLog", R"({"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{"kind":"MeshService",
      "name":"service-$S"},"default":{"backends":[{"type":"OpenTelemetry","openTelemetry":{"endpoint":"otel"}}]}}]})"},
    Template{"MeshLoadBalancingStrategy", R"({"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{"kind":"MeshService",
      "name":"service-$S"},"default":{"loadBalancer":{"type":"RingHash"},"localityAwareness":{"crossZone":
      {"failover":[{"to":{"type":"Any"}}]}}}}]})"},
    Template{"MeshLoadBalancingStrategy", R"({"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{
      "kind":"MeshMultiZoneService","name":"mz-$S"},"default":{"localityAwareness":{"disabled":true}}}]})"},
    Template{"MeshProxyPatch", R"({"targetRef":{"kind":"Mesh"},"default":{"appendModifications":[{"cluster":
      {"operation":"Patch","match":{"origin":"outbound"},"value":"respectDnsTtl: true"}}]}})"},
    Template{"MeshProxyPatch", R"({"targetRef":{"kind":"MeshSubset","tags":{"version":"v$V"}},"default":{
      "appendModifications":[{"cluster":{"operation":"Remove","match":{"name":"service-$S"}}}]}})"},
    Template{"MeshTLS", R"({"targetRef":{"kind":"Mesh"},"from":[{"targetRef":{"kind":"Mesh"},"default":
      {"mode":"Strict","tlsVersion":{"min":"TLS12"}}}]})"},
    Template{"MeshTLS", R"({"targetRef":{"kind":"MeshSubset","tags":{"version":"v$V"}},"rules":[{"default":
      {"mode":"Permissive"}}]})"},
    Template{"MeshPassthrough", R"({"targetRef":{"kind":"Mesh"},"default":{"passthroughMode":"Matched","appendMatch":
      [{"type":"Domain","value":"x.org","port":8$V,"protocol":"http"}]}})"},
    Template{"MeshMetric", R"({"targetRef":{"kind":"Mesh"},"default":{"backends":[{"type":"Prometheus","prometheus":
      {"port":567$V,"path":"/m"}}]}})"},
    Template{"ProxyTemplate", R"({"selectors":[{"match":{"kuma.io/service":"service-$S"}}],"conf":{"imports":
      ["default-proxy"],"modifications":[{"cluster":{"operation":"patch","value":"respectDnsTtl: true"}}]}})"},
    Template{"ProxyTemplate", R"({"selectors":[{"match":{"kuma.io/service":"*"}}],"conf":{"imports":["default-proxy"],
      "resources":[{"name":"service-$S","version":"1","resource":
      "'@type': type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment\nclusterName: service-$S\n"}]}})"},
    Template{"TrafficPermission", R"({"sources":[{"match":{"kuma.io/service":"service-$S"}}],
      "destinations":[{"match":{"kuma.io/service":"*"}}]})"},
    Template{"TrafficPermission", R"({"sources":[{"match":{"kuma.io/service":"*"}}],
      "destinations":[{"match":{"kuma.io/service":"*"}}]})"},
    Template{"Timeout", R"({"sources":[{"match":{"kuma.io/service":"*"}}],"destinations":[{"match":
      {"kuma.io/service":"service-$S"}}],"conf":{"connectTimeout":"$Vs"}})"},
    Template{"Retry", R"({"sources":[{"match":{"kuma.io/service":"service-$V"}}],"destinations":[{"match":
      {"kuma.io/service":"service-$S"}}],"conf":{"http":{"numRetries":$V}}})"},
    Template{"CircuitBreaker", R"({"sources":[{"match":{"kuma.io/service":"*"}}],"destinations":[{"match":
      {"kuma.io/service":"service-$S"}}],"conf":{"thresholds":{"maxConnections":$V}}})"},
    Template{"HealthCheck", R"({"sources":[{"match":{"kuma.io/service":"*"}}],"destinations":[{"match":
      {"kuma.io/service":"service-$S"}}],"conf":{"interval":"10s","timeout":"2s","unhealthyThreshold":3,
      "healthyThreshold":1}})"},
    Template{"FaultInjection", R"({"sources":[{"match":{"kuma.io/service":"*"}}],"destinations":[{"match":
      {"kuma.io/service":"service-$S","kuma.io/protocol":"http"}}],"conf":{"abort":{"httpStatus":500,
      "percentage":50}}})"},
    Template{"RateLimit", R"({"sources":[{"match":{"kuma.io/service":"service-$V"}}],"destinations":[{"match":
      {"kuma.io/service":"service-$S"}}],"conf":{"http":{"requests":5,"interval":"10s"}}})"},
    Template{"TrafficLog", R"({"sources":[{"match":{"kuma.io/service":"*"}}],"destinations":[{"match":
      {"kuma.io/service":"service-$S"}}],"conf":{"backend":"logs"}})"},
    Template{"TrafficTrace", R"({"selectors":[{"match":{"kuma.io/service":"service-$S"}}],
      "conf":{"backend":"traces"}})"},
    Template{"VirtualOutbound", R"({"selectors":[{"match":{"kuma.io/service":"*"}}],"conf":{
      "host":"{{.service}}.v$V.mesh","port":"8$V","parameters":[{"name":"service","tagKey":"kuma.io/service"},
      {"name":"version","tagKey":"version"}]}})"},
    Template{"MeshGateway", R"({"selectors":[{"match":{"kuma.io/service":"service-$S"}}],"conf":{"listeners":[
      {"port":80,"protocol":"HTTP","tags":{"n":"$V"}}]}})"},
    Template{"MeshGatewayRoute", R"({"selectors":[{"match":{"kuma.io/service":"*"}}],"conf":{"http":{"rules":[
      {"matches":[{"path":{"match":"PREFIX","value":"/a"}}],"backends":[{"weight":1,"destination":
      {"kuma.io/service":"service-$S","version":"v1"}}]}]}}})"},
};

json filled(std::string text, int service, int variant, bool allow) {
  auto replace = [&](const char* what, const std::string& by) {
    for (std::size_t at; (at = text.find(what)) != std::string::npos;) text.replace(at, 2, by);
  };
  replace("$S", std::to_string(service));
  replace("$V", std::to_string(variant));
  replace("$A", allow ? "Allow" : "Deny");
  return json::parse(text);
}

}  // namespace

WideWrite any_policy() {
  int which = pick(int(policies.size())), service = pick(3), variant = pick(3), name = pick(2);
  const Template& from = policies[std::size_t(which)];
  WideWrite write{
      .kind = from.kind, .mesh = "m", .name = fmt::format("p-{}", name), .labels = {}, .spec = {}, .status = {}};
  write.spec = filled(from.spec, service, variant, one_of(2));
  return write;
}

}  // namespace kumasim::cp
