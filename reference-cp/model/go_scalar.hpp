/// Scalars of protobuf kinds as Go's decoders read them (golang/protobuf's jsonpb over encoding/json).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {

/// The byte at which Go's encoding/base64 gives a text up; nullopt where it takes it. Ends of lines count for nothing.
std::optional<std::size_t> base64_error(std::string_view text);

/// A text without spaces, tabs and ends of lines, by which base64 may be broken up.
std::string without_blanks(std::string_view text);

/// jsonpb takes the quotes of a number away and decodes what is left: `"80"` is 80, `"abc"` is no JSON. An error is in
/// Go's words. REQUIRES: `text` is a string.
Result<nlohmann::json> unquoted(const nlohmann::json& text);

}  // namespace kumasim::cp
