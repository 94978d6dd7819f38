/// The constraints that Envoy's API states on its own fields (protoc-gen-validate), checked by reflection.
#pragma once

#include "sim/envoy/config/checked.hpp"

namespace google::protobuf {
class Any;
class Message;
}  // namespace google::protobuf

namespace kumasim::sim::proxy {

/// Refuses with the text that Envoy gives: "Proto constraint validation failed (ClusterValidationError.Name: ...)".
/// An Any inside is not looked into; whoever unpacks it validates it.
Checked<> validate(const ::google::protobuf::Message& message);

/// Unpacks into `out` and validates it: wrong type, bytes that do not parse and broken constraints are refused.
Checked<> unpack(const ::google::protobuf::Any& any, ::google::protobuf::Message& out);

/// The full message name in a type URL.
std::string type_name(const std::string& type_url);

}  // namespace kumasim::sim::proxy
