/// Every message of Envoy's API by its type URL: those that are compiled in, and all others by the descriptors that the
/// pinned Envoy executable carries. These are read when one of them is first asked for.
///
/// REQUIRES: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kumasim/runtime/error.hpp"

namespace google::protobuf {
class Descriptor;
class Message;
}  // namespace google::protobuf

namespace google::protobuf::util {
class TypeResolver;
}

namespace kumasim::cp::envoy_types {

/// nullptr where Envoy's API has no such message.
const google::protobuf::Descriptor* find(std::string_view type_url);
/// An empty one. An Any within it is always a google::protobuf::Any.
std::unique_ptr<google::protobuf::Message> make(const google::protobuf::Descriptor& type);
/// Knows the same types; lives as long as the process.
google::protobuf::util::TypeResolver& resolver();

/// protobuf's JSON, also of what is packed into it.
Result<std::string> to_json(const google::protobuf::Message& message);
/// `out` becomes what the text says; unknown fields are skipped.
Result<> from_json(const std::string& text, google::protobuf::Message& out);

}  // namespace kumasim::cp::envoy_types
