/// Points in time as text: RFC 3339, as Go and protobuf's JSON write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kumasim/runtime/time.hpp"

namespace kumasim::cp {

/// "2026-11-25T15:04:05.25Z", or with an offset such as "+01:00"; nullopt where the text is none.
std::optional<WallTime> parse_timestamp(std::string_view text);

/// UTC, with as many digits behind the point as are needed.
std::string print_timestamp(WallTime time);

}  // namespace kumasim::cp
