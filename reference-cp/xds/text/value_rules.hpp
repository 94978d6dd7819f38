/// Rules of protoc-gen-validate for single values: the reason why one is refused, "" for a good one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace google::protobuf {
class Any;
class Duration;
class EnumDescriptor;
}  // namespace google::protobuf

namespace validate {
class AnyRules;
class DurationRules;
class EnumRules;
class BytesRules;
class StringRules;
}  // namespace validate

namespace kumasim::cp {

std::string text_reason(const validate::StringRules& rules, const std::string& value);
std::string bytes_reason(const validate::BytesRules& rules, const std::string& value);
/// `names` gives the names of a list's values; numbers are shown where it is null.
std::string enum_reason(const validate::EnumRules& rules, int value, const google::protobuf::EnumDescriptor& type,
                        bool names);
std::string duration_reason(const validate::DurationRules& rules, const google::protobuf::Duration& value);
std::string any_reason(const validate::AnyRules& rules, const google::protobuf::Any& value);
/// Of a count of items or pairs; a least count of 0 is none.
std::string count_reason(std::uint64_t least, std::optional<std::uint64_t> most, std::uint64_t count,
                         std::string_view what);

/// Bounds: at most one of either pair counts, the open one before the closed one.
template <class Value>
struct Bounds {
  std::optional<Value> lt{}, lte{}, gt{}, gte{};
};

/// Bounds that exclude each other say what a value must not be between.
template <class Value, class Show>
std::string bounds_reason(const Bounds<Value>& bounds, Value value, Show show) {
  const std::optional<Value>& high = bounds.lt ? bounds.lt : bounds.lte;
  const std::optional<Value>& low = bounds.gt ? bounds.gt : bounds.gte;
  const bool too_high = high && (bounds.lt ? value >= *high : value > *high);
  const bool too_low = low && (bounds.gt ? value <= *low : value < *low);
  if (high && low) {
    if (*high > *low) {
      if (!too_high && !too_low) return {};
      return fmt::format("value must be inside range {}{}, {}{}", bounds.gt ? '(' : '[', show(*low), show(*high),
                         bounds.lt ? ')' : ']');
    }
    if (!too_high || !too_low) return {};
    return fmt::format("value must be outside range {}{}, {}{}", bounds.lt ? '[' : '(', show(*high), show(*low),
                       bounds.gt ? ']' : ')');
  }
  if (too_high) return fmt::format("value must be less than {}{}", bounds.lt ? "" : "or equal to ", show(*high));
  if (too_low) return fmt::format("value must be greater than {}{}", bounds.gt ? "" : "or equal to ", show(*low));
  return {};
}

/// Of repeated fields of numbers and texts, as Go prints a slice.
template <class List>
std::string shown_list(const List& list) {
  return fmt::format("[{}]", fmt::join(list, " "));
}

template <class List, class Value>
std::string list_reason(const List& in, const List& not_in, const Value& value) {
  auto holds = [&](const List& list) {
    for (const auto& item : list)
      if (item == value) return true;
    return false;
  };
  if (!in.empty() && !holds(in)) return "value must be in list " + shown_list(in);
  if (in.empty() && holds(not_in)) return "value must not be in list " + shown_list(not_in);
  return {};
}

/// Numbers of all kinds.
template <class Rules, class Value>
std::string number_reason(const Rules& rules, Value value) {
  if (rules.ignore_empty() && value == Value{}) return {};
  if (rules.has_const_() && value != rules.const_()) return fmt::format("value must equal {}", rules.const_());
  Bounds<Value> bounds;
  if (rules.has_lt()) bounds.lt = rules.lt();
  if (rules.has_lte()) bounds.lte = rules.lte();
  if (rules.has_gt()) bounds.gt = rules.gt();
  if (rules.has_gte()) bounds.gte = rules.gte();
  if (auto why = bounds_reason(bounds, value, [](Value bound) { return bound; }); !why.empty()) return why;
  return list_reason(rules.in(), rules.not_in(), value);
}

}  // namespace kumasim::cp
