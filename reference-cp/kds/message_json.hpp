/// JSON into protobuf messages and back by their descriptors, as protobuf's JSON mapping has it
/// (https://protobuf.dev/programming-guides/json/). protobuf's own describes all types anew for each text, and takes
/// three times as long (decision 0018).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "kumasim/runtime/error.hpp"

namespace google::protobuf {
class Message;
}

namespace kumasim::cp::kds {

/// Sets the fields of an empty message. invalid_argument for what it does not have, or has of another type; `field` is
/// where. Fields are named as JSON does ("zoneEgress"); null leaves one out.
Result<> message_from_json(const nlohmann::json& value, google::protobuf::Message& message);

/// Fields that are set, an unknown value of an enumeration by its number. invalid_argument for a time or a duration
/// that nanoseconds in 64 bits do not hold.
Result<nlohmann::json> message_to_json(const google::protobuf::Message& message);

}  // namespace kumasim::cp::kds
