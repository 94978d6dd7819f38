/// A mesh written as YAML, and the views of it that policies take.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::testing {

class World {
 public:
  explicit World(std::string_view yaml) {
    auto resources = resources_from_yaml(yaml, "test");
    if (!resources) throw std::runtime_error(resources.error().message);
    for (Resource& resource : *resources) add(std::move(resource));
  }

  void add(Resource resource) { resources_.push_back(std::make_shared<const Resource>(std::move(resource))); }

  MeshView::Ptr mesh() const { return MeshView::build("default", ZoneSettings{}, resources_); }

  static ProxyView proxy(const MeshView& mesh, std::string_view name, ProxyIdentity identity = {}) {
    auto found = mesh.all("Dataplane").find(name);
    if (!found) throw std::runtime_error("no such Dataplane");
    return proxy_view(mesh, *found, NodeMetadata{}, std::move(identity));
  }

 private:
  std::vector<ResourcePtr> resources_;
};

/// A Mesh and two Dataplanes: a sidecar `web` with two inbounds, and a delegated gateway `edge`.
inline constexpr std::string_view small_mesh = R"(
type: Mesh
name: default
---
type: Dataplane
mesh: default
name: web
labels: {app: web, team: a, kuma.io/origin: zone, kuma.io/zone: east, k8s.kuma.io/namespace: shop}
networking:
  address: 10.0.0.1
  inbound:
  - {port: 80, name: main, tags: {kuma.io/service: web, kuma.io/protocol: http, version: v1}}
  - {port: 81, tags: {kuma.io/service: web-admin, kuma.io/protocol: tcp}}
---
type: Dataplane
mesh: default
name: edge
networking:
  address: 10.0.0.2
  gateway: {type: DELEGATED, tags: {kuma.io/service: edge}}
)";

/// A sidecar `web` that calls `backend`, which speaks HTTP and has the versions v1 and v2, and `redis`, which does not.
inline constexpr std::string_view calling_mesh = R"(
type: Mesh
name: default
meshServices: {mode: Disabled}
---
type: Dataplane
mesh: default
name: web
networking:
  address: 10.0.0.1
  inbound: [{port: 80, servicePort: 8080, tags: {kuma.io/service: web, kuma.io/protocol: http}}]
  outbound:
  - {port: 10001, tags: {kuma.io/service: backend}}
  - {port: 10002, tags: {kuma.io/service: redis}}
---
type: Dataplane
mesh: default
name: backend-1
networking:
  address: 10.0.0.2
  inbound: [{port: 80, tags: {kuma.io/service: backend, kuma.io/protocol: http, version: v1}}]
---
type: Dataplane
mesh: default
name: backend-2
networking:
  address: 10.0.0.3
  inbound: [{port: 80, tags: {kuma.io/service: backend, kuma.io/protocol: http, version: v2}}]
---
type: Dataplane
mesh: default
name: redis
networking:
  address: 10.0.0.4
  inbound: [{port: 6379, tags: {kuma.io/service: redis, kuma.io/protocol: tcp}}]
)";
/// A builtin gateway `edge`, to stand behind a mesh; `listeners` is what stands in YAML's brackets.
inline std::string edge_gateway(std::string_view listeners) {
  return R"(---
type: Dataplane
mesh: default
name: edge
networking:
  address: 10.0.0.9
  gateway: {type: BUILTIN, tags: {kuma.io/service: edge}}
---
type: MeshGateway
mesh: default
name: edge
selectors: [{match: {kuma.io/service: edge}}]
conf: {listeners: [)" +
         std::string(listeners) + "]}\n";
}
/// Two listeners on one port.
inline constexpr std::string_view two_hosts =
    "{port: 8080, protocol: HTTP, hostname: a.example.com, tags: {n: a}}, "
    "{port: 8080, protocol: HTTP, hostname: b.example.com, tags: {n: b}}";

inline constexpr const char* to_backend = "outbound:127.0.0.1:10001";
inline constexpr const char* to_redis = "outbound:127.0.0.1:10002";

/// A MeshTimeout; `labels` is what stands in YAML's braces. The reference, where there is one, is put in past the
/// rules: some are refused at the door, but can be in a store.
inline PolicyPtr timeout_policy(std::string_view name, std::string_view labels, std::string_view target_ref) {
  auto parsed = resource_from_yaml(
      fmt::format("type: MeshTimeout\nmesh: default\nname: {}\nlabels: {{{}}}\n"
                  "spec: {{to: [{{targetRef: {{kind: Mesh}}, default: {{idleTimeout: 1s}}}}]}}\n",
                  name, labels));
  if (!parsed) throw std::runtime_error(parsed.error().message);
  if (!target_ref.empty()) parsed->spec["targetRef"] = nlohmann::json::parse(target_ref);
  return decode_policy(std::make_shared<const Resource>(std::move(*parsed)));
}

}  // namespace kumasim::cp::policy::testing
