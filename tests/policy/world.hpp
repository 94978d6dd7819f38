/// A mesh written as YAML, and the views of it that policies take.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

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

}  // namespace kumasim::cp::policy::testing
