/// Messages out of protobuf's JSON as Go's jsonpb reads it, which Kuma asks, with its errors: fields in either
/// spelling, unknown ones skipped, null for an absent one, numbers also as text, durations in Go's form.
#pragma once

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"

namespace google::protobuf {
class Message;
}

namespace kumasim::cp {

/// Adds what the JSON says. Of several mistakes the first in the order of the message's fields is told. After a failure
/// `out` holds what came before it.
Result<> read_go_json(const nlohmann::json& value, google::protobuf::Message& out);

}  // namespace kumasim::cp
