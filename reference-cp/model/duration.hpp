/// Durations as text: Go's ("1h30m0s", "10s", "1.5ms") and protobuf's JSON ("5400s", "0.001500s").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kumasim/runtime/time.hpp"

namespace kumasim::cp {

/// Go's time.ParseDuration (which protobuf's JSON form is a part of); nullopt where the text is none.
std::optional<Duration> parse_duration(std::string_view text);

/// What Go's error says of a text that is no duration: `time: invalid duration "abc"`.
std::string duration_error(std::string_view text);

/// Go's time.Duration.String: "1h30m0s", "1.5s", "500ms", "0s".
std::string print_duration(Duration duration);

/// protobuf's JSON form: seconds with 0, 3, 6 or 9 digits behind the point.
std::string print_proto_duration(Duration duration);

}  // namespace kumasim::cp
