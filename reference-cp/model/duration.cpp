/// Reading and printing durations. Rules: Go's documentation of time.ParseDuration and time.Duration.String.
#include "reference-cp/model/duration.hpp"

#include <array>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

namespace kumasim::cp {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};

constexpr std::array<Unit, 8> units = {{{"ns", 1},
                                        {"us", 1'000},
                                        {"µs", 1'000},
                                        {"μs", 1'000},
                                        {"ms", 1'000'000},
                                        {"s", 1'000'000'000},
                                        {"m", 60'000'000'000},
                                        {"h", 3'600'000'000'000}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view unit_at(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && text[end] != '.' && !is_digit(text[end])) ++end;
  return text.substr(0, end);
}

/// `value` with its fraction of `digits` digits, without trailing zeros.
std::string with_fraction(std::uint64_t value, std::uint64_t scale, int digits) {
  std::string out = std::to_string(value / scale);
  std::string fraction = fmt::format("{:0{}}", value % scale, digits);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return fraction.empty() ? out : out + "." + fraction;
}

std::uint64_t magnitude(Duration duration) {
  auto count = duration.count();
  return count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  constexpr std::uint64_t limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return Duration(0);
  if (text.empty()) return std::nullopt;
  std::uint64_t total = 0;
  while (!text.empty()) {
    std::uint64_t whole = 0, fraction = 0, scale = 1;
    bool any = false;
    while (!text.empty() && is_digit(text[0])) {
      if (whole > limit / 10) return std::nullopt;
      whole = whole * 10 + static_cast<std::uint64_t>(text[0] - '0');
      text.remove_prefix(1);
      any = true;
    }
    if (!text.empty() && text[0] == '.') {
      text.remove_prefix(1);
      while (!text.empty() && is_digit(text[0])) {
        if (scale < 1'000'000'000'000) {
          fraction = fraction * 10 + static_cast<std::uint64_t>(text[0] - '0');
          scale *= 10;
        }
        text.remove_prefix(1);
        any = true;
      }
    }
    if (!any) return std::nullopt;
    std::string_view name = unit_at(text);
    const Unit* unit = nullptr;
    for (const auto& candidate : units) {
      if (candidate.name == name) unit = &candidate;
    }
    if (unit == nullptr) return std::nullopt;
    text.remove_prefix(name.size());
    if (whole > limit / unit->nanoseconds) return std::nullopt;
    std::uint64_t part = whole * unit->nanoseconds;
    part += static_cast<std::uint64_t>(static_cast<long double>(fraction) *
                                       (static_cast<long double>(unit->nanoseconds) / scale));
    if (part > limit || total > limit - part) return std::nullopt;
    total += part;
  }
  auto count = static_cast<std::int64_t>(total);
  return Duration(negative ? -count : count);
}

std::string duration_error(std::string_view text) {
  bool signed_text = !text.empty() && (text[0] == '-' || text[0] == '+');
  std::string_view rest = text.substr(signed_text ? 1 : 0);
  bool number = !rest.empty() && (is_digit(rest[0]) || rest[0] == '.');
  if (number) {
    while (!rest.empty() && (is_digit(rest[0]) || rest[0] == '.')) rest.remove_prefix(1);
    std::string_view unit = unit_at(rest);
    if (rest.empty()) return fmt::format("time: missing unit in duration \"{}\"", text);
    bool known = false;
    for (const auto& candidate : units) known = known || candidate.name == unit;
    if (!known) return fmt::format("time: unknown unit \"{}\" in duration \"{}\"", unit, text);
  }
  return fmt::format("time: invalid duration \"{}\"", text);
}

std::string print_duration(Duration duration) {
  std::uint64_t value = magnitude(duration);
  std::string sign = duration.count() < 0 ? "-" : "";
  if (value == 0) return "0s";
  if (value < 1'000) return sign + std::to_string(value) + "ns";
  if (value < 1'000'000) return sign + with_fraction(value, 1'000, 3) + "µs";
  if (value < 1'000'000'000) return sign + with_fraction(value, 1'000'000, 6) + "ms";
  std::uint64_t minutes = value / 60'000'000'000;
  std::string seconds = with_fraction(value % 60'000'000'000, 1'000'000'000, 9) + "s";
  if (minutes == 0) return sign + seconds;
  if (minutes < 60) return sign + std::to_string(minutes) + "m" + seconds;
  return sign + std::to_string(minutes / 60) + "h" + std::to_string(minutes % 60) + "m" + seconds;
}

std::string print_proto_duration(Duration duration) {
  std::uint64_t value = magnitude(duration);
  std::string out = (duration.count() < 0 ? "-" : "") + std::to_string(value / 1'000'000'000);
  std::uint64_t fraction = value % 1'000'000'000;
  if (fraction != 0) {
    std::string digits = fmt::format("{:09}", fraction);
    while (digits.ends_with("000")) digits.resize(digits.size() - 3);
    out += "." + digits;
  }
  return out + "s";
}

}  // namespace kumasim::cp
