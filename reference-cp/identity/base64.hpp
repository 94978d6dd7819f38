/// Base64 (RFC 4648, section 4), as secrets and certificates travel in JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kumasim::cp {

std::string base64_encode(std::string_view bytes);
/// nullopt where the text is not base64.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace kumasim::cp
