/// Decimal numbers that may be given as text.
#include "reference-cp/policy/conf_read.hpp"

#include <charconv>

namespace kumasim::cp::policy {

std::optional<double> decimal_at(const nlohmann::json& object, const char* key) {
  const nlohmann::json& value = at(object, key);
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.get_ref<const std::string&>();
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace kumasim::cp::policy
