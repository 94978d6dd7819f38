/// Resolution of a targetRef of a `to` entry, or of a backendRef, to resources of the mesh.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/target_ref.hpp"
#include "reference-cp/xds/kri.hpp"

namespace kumasim::cp {
class MeshView;

namespace policy {

/// A resource, or one section (port) of it.
struct ResourceSection {
  ResourcePtr resource;
  std::string section;
  Kri id() const;
};

/// What `ref` names, seen from the resource with identity `from`: name and namespace are taken in its zone and
/// namespace.
Kri kri_of(const TargetRef& ref, const Kri& from);

/// The resource with this identity (section ignored), nullptr where there is none.
ResourcePtr find_resource(const MeshView& mesh, const Kri& id);

/// Every resource (with section, if `ref` has one) that `ref` means in a policy; none for kinds that are sets of tags.
/// A MeshService named "name_namespace_svc_port" is the Kubernetes service of that name (Kuma's compatibility rule).
std::vector<ResourceSection> resolve(const TargetRef& ref, const Resource& policy, const MeshView& mesh);

/// One port of a Mesh*Service. `name` is its port number where it has no name.
struct Port {
  std::string name;
  std::uint32_t value = 0;
  std::string protocol;
};
/// `spec.ports` of a MeshService or MeshMultiZoneService, `spec.match` of a MeshExternalService.
std::vector<Port> ports_of(const Resource& destination);
/// The port with this name; a number is taken as port too. Empty where there is none.
std::optional<Port> find_port(const Resource& destination, std::string_view section);

}  // namespace policy
}  // namespace kumasim::cp
