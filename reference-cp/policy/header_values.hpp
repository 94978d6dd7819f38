/// The values of a header that a policy sets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kumasim::cp::policy {

/// Several values are written with commas between them (Kuma docs, RFC 7230 section 3.2.2); never empty.
inline std::vector<std::string> header_values(std::string_view text) {
  std::vector<std::string> values;
  for (;;) {
    auto comma = text.find(',');
    values.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return values;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace kumasim::cp::policy
