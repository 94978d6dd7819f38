/// Reading and writing of quantities, in integers only.
#include "kumasim/scenario/quantity.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace kumasim::scenario {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr std::array<Unit, 7> units{{{"d", 86'400'000'000'000},
                                     {"h", 3'600'000'000'000},
                                     {"m", 60'000'000'000},
                                     {"s", 1'000'000'000},
                                     {"ms", 1'000'000},
                                     {"us", 1'000},
                                     {"ns", 1}}};
constexpr std::int64_t limit = 3'650LL * 86'400 * 1'000'000'000;  // ten years

bool digit(char c) { return c >= '0' && c <= '9'; }

/// Digits with at most nine decimals, as parts of 10^9; moves `text` on.
std::optional<__int128> take_decimal(std::string_view& text) {
  __int128 value = 0;
  std::size_t i = 0;
  while (i < text.size() && digit(text[i]) && i < 12) value = value * 10 + (text[i++] - '0');
  if (i == 0) return std::nullopt;
  value *= 1'000'000'000;
  if (i < text.size() && text[i] == '.') {
    __int128 scale = 100'000'000;
    std::size_t first = ++i;
    while (i < text.size() && digit(text[i]) && scale > 0) {
      value += (text[i++] - '0') * scale;
      scale /= 10;
    }
    if (i == first) return std::nullopt;
  }
  text.remove_prefix(i);
  return value;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  __int128 total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    auto number = take_decimal(text);
    if (!number) return std::nullopt;
    std::size_t length = 0;
    while (length < text.size() && text[length] >= 'a' && text[length] <= 'z') ++length;
    const Unit* unit = nullptr;
    for (const Unit& candidate : units) {
      if (candidate.name == text.substr(0, length)) unit = &candidate;
    }
    if (unit == nullptr) return std::nullopt;
    total += *number * unit->nanoseconds / 1'000'000'000;
    if (total > limit) return std::nullopt;
    text.remove_prefix(length);
  }
  return Duration(static_cast<std::int64_t>(total));
}

std::string duration_text(Duration value) {
  std::int64_t rest = value.count();
  if (rest == 0) return "0s";
  std::string out;
  if (rest < 0) {
    out = "-";
    rest = -rest;
  }
  for (const Unit& unit : units) {
    bool last_with_decimals = unit.nanoseconds <= 1'000'000'000;
    if (rest < unit.nanoseconds) continue;
    if (!last_with_decimals) {
      out += fmt::format("{}{}", rest / unit.nanoseconds, unit.name);
      rest %= unit.nanoseconds;
      continue;
    }
    out += fmt::format("{}", rest / unit.nanoseconds);
    if (std::int64_t part = rest % unit.nanoseconds; part != 0) {
      int width = unit.nanoseconds == 1'000'000'000 ? 9 : unit.nanoseconds == 1'000'000 ? 6 : 3;
      std::string decimals = fmt::format("{:0{}}", part, width);
      decimals.erase(decimals.find_last_not_of('0') + 1);
      out += "." + decimals;
    }
    return out + std::string(unit.name);
  }
  return out;
}

std::optional<std::int64_t> parse_percent(std::string_view text) {
  if (text.empty() || text.back() != '%') return std::nullopt;
  text.remove_suffix(1);
  auto number = take_decimal(text);
  if (!number || !text.empty()) return std::nullopt;
  __int128 parts = *number / 100'000;  // 10^9 a percent -> 10^4 a percent
  if (parts > 1'000'000) return std::nullopt;
  return static_cast<std::int64_t>(parts);
}

std::string percent_text(std::int64_t parts) {
  std::string out = fmt::format("{}", parts / 10'000);
  if (std::int64_t rest = parts % 10'000; rest != 0) {
    std::string decimals = fmt::format("{:04}", rest);
    decimals.erase(decimals.find_last_not_of('0') + 1);
    out += "." + decimals;
  }
  return out + "%";
}

std::optional<Duration> parse_rate(std::string_view text) {
  auto number = take_decimal(text);
  if (!number || *number == 0 || text.size() != 2 || text[0] != '/') return std::nullopt;
  std::int64_t period = text[1] == 's'   ? 1'000'000'000
                        : text[1] == 'm' ? 60'000'000'000
                        : text[1] == 'h' ? 3'600'000'000'000
                                         : 0;
  if (period == 0) return std::nullopt;
  __int128 between = static_cast<__int128>(period) * 1'000'000'000 / *number;
  if (between < 1'000 || between > limit) return std::nullopt;  // at most a million a second
  return Duration(static_cast<std::int64_t>(between));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  auto number = take_decimal(text);
  __int128 unit = text == "B" ? 1 : text == "KiB" ? 1 << 10 : text == "MiB" ? 1 << 20 : 0;
  if (!number || unit == 0) return std::nullopt;
  __int128 bytes = *number * unit / 1'000'000'000;
  if (bytes > 1 << 30) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace kumasim::scenario
