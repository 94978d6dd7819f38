/// Sets of resources for tests: web and audit call backend, which has two versions.
#pragma once

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "scenarios/behaviour/deployment.hpp"

namespace kumasim::scenario::testing {

inline const std::string mtls_mesh = R"(
---
type: Mesh
name: default
mtls: {enabledBackend: ca-1, backends: [{name: ca-1, type: builtin}]}
)";

inline const std::string plain_mesh = R"(
---
type: Mesh
name: default
)";

inline const std::string allow_all = R"(
---
type: MeshTrafficPermission
mesh: default
name: all
spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}
)";

inline std::string dataplane(const std::string& name, const std::string& address, const std::string& tags,
                             const std::string& outbound = "") {
  std::string out = "\n---\ntype: Dataplane\nmesh: default\nname: " + name + "\nnetworking:\n  address: " + address +
                    "\n  inbound: [{port: 8080, servicePort: 3000, tags: {" + tags + ", kuma.io/protocol: http}}]\n";
  if (!outbound.empty()) out += "  outbound: [{port: 20000, tags: {kuma.io/service: " + outbound + "}}]\n";
  return out;
}

inline const std::string dataplanes =
    dataplane("web-0", "10.0.0.1", "kuma.io/service: web", "backend") +
    dataplane("web-1", "10.0.0.2", "kuma.io/service: web", "backend") +
    dataplane("audit-0", "10.0.0.3", "kuma.io/service: audit", "backend") +
    dataplane("backend-v1-0", "10.0.0.4", "kuma.io/service: backend, version: v1", "audit") +
    dataplane("backend-v2-0", "10.0.0.5", "kuma.io/service: backend, version: v2", "audit");

/// web's timeout of requests to backend.
inline std::string timeout(const std::string& request) {
  return R"(
---
type: MeshTimeout
mesh: default
name: web-timeouts
spec:
  targetRef: {kind: MeshSubset, tags: {kuma.io/service: web}}
  to: [{targetRef: {kind: MeshService, name: backend}, default: {http: {requestTimeout: )" +
         request + "}}}]\n";
}

/// web's requests to backend by version.
inline std::string split(int v1, int v2) {
  std::string ref = "{kind: MeshServiceSubset, name: backend, weight: ";
  return R"(
---
type: MeshHTTPRoute
mesh: default
name: canary
spec:
  targetRef: {kind: MeshSubset, tags: {kuma.io/service: web}}
  to:
  - targetRef: {kind: MeshService, name: backend}
    rules:
    - matches: [{path: {type: PathPrefix, value: /}}]
      default:
        backendRefs:
        - )" +
         ref + std::to_string(v1) + ", tags: {version: v1}}\n        - " + ref + std::to_string(v2) +
         ", tags: {version: v2}}\n";
}

/// A builtin gateway before backend; `listeners` is what stands in YAML's brackets.
inline std::string edge(const std::string& listeners) {
  return R"(
---
type: Dataplane
mesh: default
name: edge-0
networking:
  address: 10.0.0.9
  gateway: {type: BUILTIN, tags: {kuma.io/service: edge-gateway}}
---
type: MeshGateway
mesh: default
name: edge
selectors: [{match: {kuma.io/service: edge-gateway}}]
conf:
  listeners: [)" +
         listeners + "]\n";
}
inline const std::string http_listener = "{port: 8080, protocol: HTTP, tags: {port: http}}";

/// What the gateway's requests under /api for this host are sent to: YAML of backendRefs.
inline std::string edge_route(const std::string& hostname, const std::string& backends,
                              const std::string& name = "edge-routes") {
  return "\n---\ntype: MeshHTTPRoute\nmesh: default\nname: " + name + R"(
spec:
  targetRef: {kind: MeshGateway, name: edge}
  to:
  - targetRef: {kind: Mesh}
    hostnames: [')" +
         hostname + R"(']
    rules:
    - matches: [{path: {type: PathPrefix, value: /api}}]
      default: {backendRefs: [)" +
         backends + "]}\n";
}
inline const std::string to_backend = "{kind: MeshService, name: backend}";
inline const std::string to_backend_v2 = "{kind: MeshServiceSubset, name: backend, tags: {version: v2}}";

inline PolicySet set_of(const std::string& name, const std::string& text) {
  auto set = read_policy_set(name, {{name, text}});
  if (set) return std::move(*set);
  ADD_FAILURE() << set.error().front().text();
  return {};
}

inline Deployment deploy(const PolicySet& set, Workshop& workshop, const DeploymentOptions& options = {}) {
  auto made = Deployment::make(set, options, workshop);
  if (!made) throw std::runtime_error(made.error().front().text());
  return std::move(*made);
}

}  // namespace kumasim::scenario::testing
