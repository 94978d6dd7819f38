/// Base64 for URLs without padding (RFC 4648, section 5), as the parts of a JWT are written (RFC 7515, section 2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kumasim::cp {

std::string base64url_encode(std::string_view bytes);
/// nullopt where the text is not of that form; padding is refused.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace kumasim::cp
