/// The specifications of the kinds that Kuma keeps in protobuf, between their JSON and their bytes (proto/).
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp::kds {

/// The message of this value, serialised deterministically: fields by number, maps by key. internal where the value is
/// none of the type ("kuma.mesh.v1alpha1.Mesh"); the message names the field.
Result<std::string> bytes_from_json(std::string_view type_name, const nlohmann::json& value);

/// invalid_argument where the bytes are no message of the type. Fields that the type does not have are left out.
Result<nlohmann::json> json_from_bytes(std::string_view type_name, std::string_view bytes);

}  // namespace kumasim::cp::kds
