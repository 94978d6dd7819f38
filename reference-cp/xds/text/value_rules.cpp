#include "reference-cp/xds/text/value_rules.hpp"

#include <limits>
#include <vector>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>

#include <re2/re2.h>

#include "reference-cp/model/duration.hpp"
#include "reference-cp/model/rules/go_template.hpp"
#include "validate/validate.pb.h"

namespace kumasim::cp {
namespace {

using namespace std::string_view_literals;

/// Bounds of a length in characters or in bytes.
struct Length {
  std::optional<std::uint64_t> exact{}, least{}, most{};
};

std::string length_reason(Length wanted, std::uint64_t length, std::string_view unit) {
  if (!wanted.exact && wanted.least && wanted.most && *wanted.least == *wanted.most) wanted.exact = wanted.least;
  if (wanted.exact)
    return length == *wanted.exact ? std::string() : fmt::format("value length must be {} {}", *wanted.exact, unit);
  const bool too_short = wanted.least && length < *wanted.least;
  const bool too_long = wanted.most && length > *wanted.most;
  if (!too_short && !too_long) return {};
  if (wanted.least && wanted.most)
    return fmt::format("value length must be between {} and {} {}, inclusive", *wanted.least, *wanted.most, unit);
  if (too_short) return fmt::format("value length must be at least {} {}", *wanted.least, unit);
  return fmt::format("value length must be at most {} {}", *wanted.most, unit);
}

std::uint64_t code_points(const std::string& text) {
  std::uint64_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

/// The pattern of a header's name or value, or the rules' own; "" for none.
std::string pattern_of(const validate::StringRules& rules) {
  if (rules.has_pattern()) return rules.pattern();
  const bool strict = !rules.has_strict() || rules.strict();
  switch (rules.well_known_regex()) {
    case validate::HTTP_HEADER_NAME:
      if (strict) return "^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$";
      break;
    case validate::HTTP_HEADER_VALUE:
      if (strict) return std::string("^[^\0-\x08\n-\x1f\x7f]*$"sv);
      break;
    default: return {};
  }
  return std::string("^[^\0\n\r]*$"sv);
}

/// A part of the value is enough, as with Go's MatchString.
std::string pattern_reason(const std::string& pattern, const std::string& value) {
  if (pattern.empty() || re2::RE2::PartialMatch(value, re2::RE2(pattern, re2::RE2::Quiet))) return {};
  return "value does not match regex pattern " + go_quoted(pattern);
}

std::string parts_reason(const validate::StringRules& rules, const std::string& value) {
  if (rules.has_prefix() && !value.starts_with(rules.prefix()))
    return "value does not have prefix " + go_quoted(rules.prefix());
  if (rules.has_suffix() && !value.ends_with(rules.suffix()))
    return "value does not have suffix " + go_quoted(rules.suffix());
  const auto holds = [&](const std::string& part) { return value.find(part) != std::string::npos; };
  if (rules.has_contains() && !holds(rules.contains()))
    return "value does not contain substring " + go_quoted(rules.contains());
  if (rules.has_not_contains() && holds(rules.not_contains()))
    return "value contains substring " + go_quoted(rules.not_contains());
  return {};
}

/// Go's AsDuration: what does not fit is the nearest that does.
Duration to_duration(const google::protobuf::Duration& value) {
  constexpr std::int64_t second = 1'000'000'000;
  constexpr std::int64_t seconds_max = std::numeric_limits<std::int64_t>::max() / second - 1;
  if (value.seconds() > seconds_max) return Duration::max();
  if (value.seconds() < -seconds_max) return Duration::min();
  return Duration(value.seconds() * second + value.nanos());
}

}  // namespace

std::string text_reason(const validate::StringRules& rules, const std::string& value) {
  if (rules.ignore_empty() && value.empty()) return {};
  if (rules.has_const_() && value != rules.const_()) return "value must equal " + rules.const_();
  if (auto why = list_reason(rules.in(), rules.not_in(), value); !why.empty()) return why;
  Length runes, bytes;
  if (rules.has_len()) runes.exact = rules.len();
  if (rules.has_min_len()) runes.least = rules.min_len();
  if (rules.has_max_len()) runes.most = rules.max_len();
  if (auto why = length_reason(runes, code_points(value), "runes"); !why.empty()) return why;
  if (rules.has_len_bytes()) bytes.exact = rules.len_bytes();
  if (rules.has_min_bytes()) bytes.least = rules.min_bytes();
  if (rules.has_max_bytes()) bytes.most = rules.max_bytes();
  if (auto why = length_reason(bytes, value.size(), "bytes"); !why.empty()) return why;
  if (auto why = parts_reason(rules, value); !why.empty()) return why;
  return pattern_reason(pattern_of(rules), value);
}

std::string bytes_reason(const validate::BytesRules& rules, const std::string& value) {
  if (rules.ignore_empty() && value.empty()) return {};
  Length bytes;
  if (rules.has_len()) bytes.exact = rules.len();
  if (rules.has_min_len()) bytes.least = rules.min_len();
  if (rules.has_max_len()) bytes.most = rules.max_len();
  return length_reason(bytes, value.size(), "bytes");
}

std::string enum_reason(const validate::EnumRules& rules, int value, const google::protobuf::EnumDescriptor& type,
                        bool names) {
  auto shown = [&](int number) {
    if (!names) return std::to_string(number);
    const auto* named = type.FindValueByNumber(number);
    return named ? named->name() : std::string();
  };
  auto listed = [&](const auto& numbers) {
    std::vector<std::string> out;
    for (int number : numbers) out.push_back(shown(number));
    return shown_list(out);
  };
  auto holds = [&](const auto& numbers) {
    for (int number : numbers)
      if (number == value) return true;
    return false;
  };
  if (rules.has_const_() && value != rules.const_()) return "value must equal " + shown(rules.const_());
  if (!rules.in().empty() && !holds(rules.in())) return "value must be in list " + listed(rules.in());
  if (rules.in().empty() && holds(rules.not_in())) return "value must not be in list " + listed(rules.not_in());
  if (rules.defined_only() && !type.FindValueByNumber(value)) return "value must be one of the defined enum values";
  return {};
}

std::string duration_reason(const validate::DurationRules& rules, const google::protobuf::Duration& value) {
  Bounds<Duration> bounds;
  if (rules.has_lt()) bounds.lt = to_duration(rules.lt());
  if (rules.has_lte()) bounds.lte = to_duration(rules.lte());
  if (rules.has_gt()) bounds.gt = to_duration(rules.gt());
  if (rules.has_gte()) bounds.gte = to_duration(rules.gte());
  return bounds_reason(bounds, to_duration(value), print_duration);
}

std::string any_reason(const validate::AnyRules& rules, const google::protobuf::Any& value) {
  std::string why = list_reason(rules.in(), rules.not_in(), value.type_url());
  return why.empty() ? why : "type URL" + why.substr(std::string_view("value").size());
}

std::string count_reason(std::uint64_t least, std::optional<std::uint64_t> most, std::uint64_t count,
                         std::string_view what) {
  const bool too_few = least != 0 && count < least;
  const bool too_many = most && count > *most;
  if (!too_few && !too_many) return {};
  if (least != 0 && most && *most == least) return fmt::format("value must contain exactly {} {}(s)", least, what);
  if (least != 0 && most) return fmt::format("value must contain between {} and {} {}s, inclusive", least, *most, what);
  if (too_few) return fmt::format("value must contain at least {} {}(s)", least, what);
  return fmt::format("value must contain no more than {} {}(s)", *most, what);
}

}  // namespace kumasim::cp
