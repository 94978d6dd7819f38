/// Envoy's messages as people write them (YAML or JSON of protobuf), and changes to messages given so.
#pragma once

#include <memory>
#include <string_view>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"

namespace google::protobuf {
class Any;
class Message;
}  // namespace google::protobuf

namespace kumasim::cp::policy::mesh_proxy_patch {

/// Adds what the text says, as read_go_json (xds/text/go_json.hpp). Fails for text that is no such message, and for an
/// `@type` that Envoy's API does not have.
Result<> read_message(std::string_view text, google::protobuf::Message& out);

/// What is packed; nullptr for a type that Envoy's API does not have, and for bytes that are none of it.
std::unique_ptr<google::protobuf::Message> unpack(const google::protobuf::Any& any);

/// protobuf's merge, but a duration is replaced as a whole.
void merge(google::protobuf::Message& into, const google::protobuf::Message& change);
/// The same of what is packed; the types have to be equal. An empty `into` becomes `change`.
Result<> merge_any(google::protobuf::Any& into, const google::protobuf::Any& change);

/// JSON patches on the message's protobuf JSON (fields in camelCase; fields with their default are not there). Parts
/// whose type Envoy's API does not have stay as they are. Nothing changes where a patch fails.
Result<> patch(google::protobuf::Message& message, const nlohmann::json& patches);
Result<> patch_any(google::protobuf::Any& any, const nlohmann::json& patches);

}  // namespace kumasim::cp::policy::mesh_proxy_patch
