/// Durations, percentages, rates and ranges as scenario files write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kumasim/runtime/time.hpp"

namespace kumasim::scenario {

/// "1h30m", "500ms", "20s", "1.5s"; units ns us ms s m h d.
std::optional<Duration> parse_duration(std::string_view text);
/// The shortest text that parse_duration reads back: "20s", "1h30m", "1.5ms".
std::string duration_text(Duration value);

/// "99.9%" as parts of a million: 999000. At most four decimals.
std::optional<std::int64_t> parse_percent(std::string_view text);
std::string percent_text(std::int64_t parts_per_million);

/// "200/s", "30/m", "2/h" as the time between two.
std::optional<Duration> parse_rate(std::string_view text);

/// "512B", "16KiB", "1MiB" in bytes; at most 1 GiB.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// A value fixed (low == high) or drawn from the seed within [low, high].
struct Span {
  Duration low{};
  Duration high{};
  bool fixed() const { return low == high; }
};

}  // namespace kumasim::scenario
