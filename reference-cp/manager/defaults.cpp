/// Default resources, with the values of Kuma 2.12.
#include "reference-cp/manager/defaults.hpp"

#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

const json whole_mesh = {{"kind", "Mesh"}};

Resource make(const Kind& kind, const std::string& mesh, std::string name, json spec) {
  Resource out;
  out.kind = &kind;
  out.meta.mesh = mesh;
  out.meta.name = std::move(name);
  out.spec = std::move(spec);
  return out;
}

json item(json conf) { return {{"targetRef", whole_mesh}, {"default", std::move(conf)}}; }

/// Inbound limits are twice the outbound ones or off, so that the client's own limit is the one that is met.
json sidecar_timeouts() {
  json inbound = {{"connectionTimeout", "10s"},
                  {"idleTimeout", "2h0m0s"},
                  {"http", {{"requestTimeout", "0s"}, {"streamIdleTimeout", "1h0m0s"}, {"maxStreamDuration", "0s"}}}};
  json outbound = {{"connectionTimeout", "5s"},
                   {"idleTimeout", "1h0m0s"},
                   {"http", {{"requestTimeout", "15s"}, {"streamIdleTimeout", "30m0s"}}}};
  return {{"targetRef", {{"kind", "Mesh"}, {"proxyTypes", {"Sidecar"}}}},
          {"from", json::array({item(inbound)})},
          {"to", json::array({item(outbound)})}};
}

json gateway_timeouts() {
  json inbound = {{"idleTimeout", "5m0s"}, {"http", {{"streamIdleTimeout", "5s"}, {"requestHeadersTimeout", "500ms"}}}};
  json outbound = {{"idleTimeout", "1h0m0s"}, {"http", {{"streamIdleTimeout", "5s"}}}};
  return {{"targetRef", {{"kind", "Mesh"}, {"proxyTypes", {"Gateway"}}}},
          {"from", json::array({item(inbound)})},
          {"to", json::array({item(outbound)})}};
}

json circuit_breaker() {
  json limits = {{"maxConnections", 1024}, {"maxPendingRequests", 1024}, {"maxRequests", 1024}, {"maxRetries", 3}};
  return {{"targetRef", whole_mesh}, {"to", json::array({item({{"connectionLimits", limits}})})}};
}

json retry() {
  json requests = {
      {"numRetries", 5}, {"perTryTimeout", "16s"}, {"backOff", {{"baseInterval", "25ms"}, {"maxInterval", "250ms"}}}};
  json conf = {{"tcp", {{"maxConnectAttempt", 5}}}, {"http", requests}, {"grpc", requests}};
  return {{"targetRef", whole_mesh}, {"to", json::array({item(conf)})}};
}

const json any_service = json::array({{{"match", {{"kuma.io/service", "*"}}}}});

}  // namespace

std::vector<Resource> default_policies(const std::string& mesh, bool routing) {
  std::vector<Resource> out;
  if (routing) {
    out.push_back(make(kind::traffic_permission(), mesh, "allow-all-" + mesh,
                       {{"sources", any_service}, {"destinations", any_service}}));
    json conf = {{"loadBalancer", {{"roundRobin", json::object()}}}, {"destination", {{"kuma.io/service", "*"}}}};
    out.push_back(make(kind::traffic_route(), mesh, "route-all-" + mesh,
                       {{"sources", any_service}, {"destinations", any_service}, {"conf", conf}}));
  }
  out.push_back(make(kind::mesh_circuit_breaker(), mesh, "mesh-circuit-breaker-all-" + mesh, circuit_breaker()));
  out.push_back(make(kind::mesh_timeout(), mesh, "mesh-gateways-timeout-all-" + mesh, gateway_timeouts()));
  out.push_back(make(kind::mesh_retry(), mesh, "mesh-retry-all-" + mesh, retry()));
  out.push_back(make(kind::mesh_timeout(), mesh, "mesh-timeout-all-" + mesh, sidecar_timeouts()));
  return out;
}

std::vector<Resource> default_hostname_generators(const LabelOptions& options) {
  struct Row {
    const char* name;
    const char* selector;
    json labels;
    const char* text;
  };
  const bool global = options.mode == CpMode::global;
  const char* origin = global ? "global" : "zone";
  std::vector<Row> rows;
  if (global) {
    json headless_no = {{"k8s.kuma.io/is-headless-service", "false"}, {"kuma.io/env", "kubernetes"}};
    json headless_yes = {{"k8s.kuma.io/is-headless-service", "true"}, {"kuma.io/env", "kubernetes"}};
    rows = {
        {"synced-headless-kube-mesh-service", "meshService", headless_yes,
         "{{ label \"statefulset.kubernetes.io/pod-name\" }}.{{ label \"k8s.kuma.io/service-name\" }}.{{ .Namespace "
         "}}.svc.{{ "
         ".Zone }}.mesh.local"},
        {"synced-kube-mesh-service", "meshService", headless_no,
         "{{ .DisplayName }}.{{ .Namespace }}.svc.{{ .Zone }}.mesh.local"},
        {"synced-mesh-external-service", "meshExternalService", json::object(), "{{ .DisplayName }}.extsvc.mesh.local"},
        {"synced-mesh-multi-zone-service", "meshMultiZoneService", json::object(),
         "{{ .DisplayName }}.mzsvc.mesh.local"},
        {"synced-universal-mesh-service",
         "meshService",
         {{"kuma.io/env", "universal"}},
         "{{ .DisplayName }}.svc.{{ .Zone }}.mesh.local"}};
  } else {
    rows = {
        {"local-mesh-external-service", "meshExternalService", json::object(), "{{ .DisplayName }}.extsvc.mesh.local"},
        {"local-universal-mesh-service", "meshService", json::object(), "{{ .DisplayName }}.svc.mesh.local"}};
  }
  std::vector<Resource> out;
  for (auto& row : rows) {
    row.labels["kuma.io/origin"] = origin;
    json selector = {{row.selector, {{"matchLabels", row.labels}}}};
    Resource generator =
        make(kind::hostname_generator(), "", row.name, {{"selector", std::move(selector)}, {"template", row.text}});
    if (!global) generator.meta.labels = {{"kuma.io/origin", "zone"}};
    out.push_back(std::move(generator));
  }
  return out;
}

std::string dataplane_token_key_name(const std::string& mesh) { return "dataplane-token-signing-key-" + mesh + "-1"; }

}  // namespace kumasim::cp
