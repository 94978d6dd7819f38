/// Text as UTF-8 (RFC 3629): what protobuf's strings and JSON have to be.
#pragma once

#include <cstddef>
#include <string_view>

namespace kumasim::cp {

/// Where a text stops being UTF-8; its size where it does not.
std::size_t utf8_end(std::string_view text);

}  // namespace kumasim::cp
