/// JSON from text, with the errors that Go's decoder gives.
#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {

/// invalid_argument with Go's words: "unexpected end of JSON input", "invalid character 'x' after top-level value".
Result<nlohmann::json> parse_json(std::string_view text);

}  // namespace kumasim::cp
