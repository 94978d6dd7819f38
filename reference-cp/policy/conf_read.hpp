/// Reading of optional fields of a policy's conf: absent ones stay absent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/time.hpp"
#include "reference-cp/model/duration.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::policy {

inline std::optional<Duration> duration_at(const nlohmann::json& object, const char* key) {
  const nlohmann::json& value = at(object, key);
  return value.is_string() ? parse_duration(value.get_ref<const std::string&>()) : std::nullopt;
}

/// As whole_number.
template <class Number = std::uint32_t>
std::optional<Number> optional_number_at(const nlohmann::json& object, const char* key) {
  return whole_number<Number>(at(object, key));
}

inline std::optional<std::string> optional_text_at(const nlohmann::json& object, const char* key) {
  const nlohmann::json& value = at(object, key);
  return value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
}

/// A number, or one in a string ("12.5").
std::optional<double> decimal_at(const nlohmann::json& object, const char* key);

/// The entries of a list; nothing where there is none.
inline const nlohmann::json& list_at(const nlohmann::json& object, const char* key) {
  static const nlohmann::json none = nlohmann::json::array();
  const nlohmann::json& value = at(object, key);
  return value.is_array() ? value : none;
}

}  // namespace kumasim::cp::policy
