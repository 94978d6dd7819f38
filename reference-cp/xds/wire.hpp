/// Deterministic protobuf bytes: maps ordered by key, so that equal messages have equal bytes in every process.
#pragma once

#include <string>
#include <string_view>

namespace google::protobuf {
class Any;
class Message;
}  // namespace google::protobuf

namespace kumasim::cp {

/// "type.googleapis.com/" and the message's full name.
std::string type_url_of(const google::protobuf::Message& message);
std::string deterministic_bytes(const google::protobuf::Message& message);
/// A serialised google.protobuf.Any that holds the message.
std::string any_bytes(std::string_view type_url, const google::protobuf::Message& message);
/// Packs with deterministic bytes (PackFrom does not).
void pack(const google::protobuf::Message& message, google::protobuf::Any& any);

}  // namespace kumasim::cp
