/// Reading optional fields of a canonical specification: an absent field is its default.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

namespace kumasim::cp {

/// The member of an object, or a null value.
inline const nlohmann::json& at(const nlohmann::json& object, const char* key) {
  static const nlohmann::json null;
  if (!object.is_object()) return null;
  auto found = object.find(key);
  return found == object.end() ? null : *found;
}

template <class... Keys>
const nlohmann::json& at(const nlohmann::json& object, const char* key, const char* next, Keys... keys) {
  return at(at(object, key), next, keys...);
}

template <class... Keys>
std::string text_at(const nlohmann::json& object, Keys... keys) {
  const nlohmann::json& value = at(object, keys...);
  return value.is_string() ? value.get<std::string>() : std::string();
}

/// nullopt for what is no number, and for one that the type cannot hold. A fraction is cut off.
template <class Number>
std::optional<Number> whole_number(const nlohmann::json& value) {
  using Limits = std::numeric_limits<Number>;
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    const bool fits = number >= static_cast<double>(Limits::min()) && number < std::ldexp(1.0, Limits::digits);
    return fits ? std::optional(static_cast<Number>(number)) : std::nullopt;
  }
  auto held = [](auto number) {
    return std::in_range<Number>(number) ? std::optional(static_cast<Number>(number)) : std::nullopt;
  };
  if (value.is_number_unsigned()) return held(value.get<std::uint64_t>());
  return value.is_number() ? held(value.get<std::int64_t>()) : std::nullopt;
}

/// protojson writes 64-bit integers as strings; both spellings are read. What whole_number does not take is 0, as what
/// is not there.
template <class... Keys>
std::uint32_t number_at(const nlohmann::json& object, Keys... keys) {
  const nlohmann::json& value = at(object, keys...);
  if (!value.is_string()) return whole_number<std::uint32_t>(value).value_or(0);
  const auto& text = value.get_ref<const std::string&>();
  std::uint32_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

template <class... Keys>
bool flag_at(const nlohmann::json& object, Keys... keys) {
  const nlohmann::json& value = at(object, keys...);
  return value.is_boolean() && value.get<bool>();
}

/// Only the members that are strings.
inline std::map<std::string, std::string, std::less<>> tags_of(const nlohmann::json& object) {
  std::map<std::string, std::string, std::less<>> tags;
  if (object.is_object())
    for (const auto& [key, value] : object.items())
      if (value.is_string()) tags.emplace(key, value.get<std::string>());
  return tags;
}

}  // namespace kumasim::cp
