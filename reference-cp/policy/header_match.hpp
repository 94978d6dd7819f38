/// A condition on an HTTP header, as several policies have it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace envoy::config::route::v3 {
class HeaderMatcher;
}

namespace kumasim::cp::policy {

struct HeaderMatch {
  enum class Type : std::uint8_t { exact, prefix, regular_expression, present, absent };
  Type type = Type::exact;
  std::string name, value;

  static HeaderMatch from_json(const nlohmann::json& json);
  static std::vector<HeaderMatch> list_from_json(const nlohmann::json& list);
  bool operator==(const HeaderMatch&) const = default;

  /// Fills a matcher that is empty.
  void fill(::envoy::config::route::v3::HeaderMatcher& matcher) const;
};

}  // namespace kumasim::cp::policy
