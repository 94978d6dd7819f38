/// Envoy's messages by their type URLs: those that are compiled in, all others that the pinned Envoy executable carries
/// descriptors of, and of Envoy's contrib, which it lacks, KafkaBroker, the one that Kuma knows. Descriptors are read
/// when one of these is first asked for.
///
/// REQUIRES: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kumasim/runtime/error.hpp"

namespace google::protobuf {
class Descriptor;
class FileDescriptorSet;
class Message;
}  // namespace google::protobuf

namespace google::protobuf::util {
class TypeResolver;
}

namespace kumasim::cp::envoy_types {

/// nullptr for a type that is none of these.
const google::protobuf::Descriptor* find(std::string_view type_url);
/// An empty one. An Any within it is always a google::protobuf::Any.
std::unique_ptr<google::protobuf::Message> make(const google::protobuf::Descriptor& type);
/// Knows the same types; lives as long as the process.
google::protobuf::util::TypeResolver& resolver();

/// What tools/envoy_api/descriptors.py compressed. Fails for bytes that are cut short.
Result<google::protobuf::FileDescriptorSet> read_descriptors(std::string_view compressed);

/// protobuf's JSON, also of what is packed into it.
Result<std::string> to_json(const google::protobuf::Message& message);

}  // namespace kumasim::cp::envoy_types
