/// Reading of insights for kumactl's tables.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

#include "reference-cp/app/kumactl/table.hpp"

namespace kumasim::cp {

/// A text, or another value as JSON; "" where there is none.
inline std::string pointed_text(const nlohmann::json& item, const char* pointer) {
  nlohmann::json::json_pointer at(pointer);
  if (!item.contains(at)) return {};
  const auto& value = item.at(at);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

inline std::string ago(const std::string& timestamp, WallTime now) {
  return timestamp.empty() ? std::string("never") : age_text(timestamp, now);
}

/// protobuf's JSON has 64-bit numbers as text.
inline std::uint64_t pointed_number(const nlohmann::json& item, const char* pointer) {
  auto text = pointed_text(item, pointer);
  return text.empty() ? 0 : std::strtoull(text.c_str(), nullptr, 10);
}

/// Some stream has begun and not ended.
inline bool has_open_stream(const nlohmann::json& subscriptions) {
  for (const auto& each : subscriptions)
    if (!pointed_text(each, "/connectTime").empty() && pointed_text(each, "/disconnectTime").empty()) return true;
  return false;
}

/// A number of all streams together.
inline std::uint64_t sum_of(const nlohmann::json& subscriptions, const char* pointer) {
  std::uint64_t sum = 0;
  for (const auto& each : subscriptions) sum += pointed_number(each, pointer);
  return sum;
}

}  // namespace kumasim::cp
