/// JSON from text, with the errors that Go's decoder gives; and the names of its types.
#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {

/// invalid_argument with Go's words: "unexpected end of JSON input", "invalid character 'x' after top-level value".
Result<nlohmann::json> parse_json(std::string_view text);

/// "null", "boolean", "number", "string", "array" or "object", as RFC 8259 and OpenAPI call it.
const char* json_type(const nlohmann::json& value);

}  // namespace kumasim::cp
