/// A resource as control planes hand it to one another: Kuma's message KumaResource, and what a delta stream says of
/// it.
///
/// The specification of a kind that Kuma keeps in protobuf travels as that message; the JSON of the others travels in
/// an Any without a type (Kuma's core model, ToAny). The same holds of the status.
#pragma once

#include <string>
#include <string_view>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/resource.hpp"

namespace google::protobuf {
class Any;
}

namespace kumasim::cp::kds {

/// The type of every resource in a DeltaDiscoveryResponse; the response's own type_url is the kind ("MeshTimeout").
inline constexpr std::string_view kuma_resource_type_url = "type.googleapis.com/kuma.mesh.v1alpha1.KumaResource";

/// What a DeltaDiscoveryResponse carries of one resource.
struct ResourceMessage {
  ResourceKey key;
  std::string name;     // delta_name(key)
  std::string version;  // a hash of `bytes`: equal content, equal version
  std::string bytes;  // the KumaResource, serialised deterministically: the `value` of an Any of kuma_resource_type_url
};

/// "name.mesh"; a resource of a global kind ends in the dot.
std::string delta_name(const ResourceKey& key);

/// Back from "name.mesh": the mesh is what follows the last dot, for names hold dots themselves.
ResourceKey key_from_delta_name(std::string_view name);

/// Only mesh, name, labels, specification and status travel. internal where the specification is not one of its kind
/// (the store holds none such); the message names kind, mesh, name and field.
Result<ResourceMessage> to_message(const Resource& resource);

/// A resource of `kind` out of what a peer sent: canonical as by REST (codec.hpp), but not validated: Kind::validate is
/// the caller's. Fields that are not known are dropped, for a newer peer may have more. A status that says nothing ends
/// as null. Version and times are not set.
///
/// invalid_argument where the bytes are no KumaResource or the specification is not one of the kind; the message names
/// kind, mesh, name and field, as far as they can be read.
Result<Resource> from_message(const Kind& kind, const google::protobuf::Any& resource);

/// Mesh and name of what from_message refused; both empty where the bytes are no KumaResource.
ResourceKey key_of_message(const google::protobuf::Any& resource);

}  // namespace kumasim::cp::kds
