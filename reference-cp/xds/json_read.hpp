/// Reading optional fields of a canonical specification: an absent field is its default.
#pragma once

#include <cstdint>
#include <map>
#include <string>

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

/// protojson writes 64-bit integers as strings; both spellings are read. A fraction is cut off; a number written with
/// one (or as 1e300) that does not fit is 0.
template <class... Keys>
std::uint32_t number_at(const nlohmann::json& object, Keys... keys) {
  const nlohmann::json& value = at(object, keys...);
  if (value.is_number_float()) {
    const double number = value.get<double>();
    return number >= 0 && number <= 4294967295.0 ? static_cast<std::uint32_t>(number) : 0;
  }
  if (value.is_number()) return value.get<std::uint32_t>();
  if (!value.is_string()) return 0;
  std::uint64_t sum = 0;
  for (char c : value.get_ref<const std::string&>()) {
    if (c < '0' || c > '9' || sum > 0xffffffffu) return 0;
    sum = sum * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return static_cast<std::uint32_t>(sum);
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
