/// Reads the actions of a template, `{{ ... }}`, character by character.
#include "reference-cp/model/rules/go_template.hpp"

#include <cctype>

#include <fmt/format.h>

namespace kumasim::cp {

std::string go_template_error(std::string_view text) {
  int line = 1;
  std::size_t at = 0;
  auto count_lines = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to && i < text.size(); ++i) line += text[i] == '\n' ? 1 : 0;
  };
  while (true) {
    auto open = text.find("{{", at);
    if (open == std::string_view::npos) return "";
    count_lines(at, open);
    at = open + 2;
    if (text.substr(at).starts_with("/*") || text.substr(at).starts_with("- /*")) {
      auto end = text.find("*/", at);
      if (end == std::string_view::npos) return fmt::format("template: :{}: unclosed comment", line);
      count_lines(at, end);
      at = end + 2;
    }
    while (true) {
      if (at >= text.size()) return fmt::format("template: :{}: unclosed action", line);
      if (text.substr(at).starts_with("}}")) break;
      char c = text[at];
      if (c == '"' || c == '`' || c == '\'') {
        auto end = text.find(c, at + 1);
        if (end == std::string_view::npos) return fmt::format("template: :{}: unterminated quoted string", line);
        count_lines(at, end);
        at = end + 1;
        continue;
      }
      bool good = std::isalnum(static_cast<unsigned char>(c)) ||
                  std::string_view(" \t\r\n._$()|,:=+-").find(c) != std::string_view::npos ||
                  static_cast<unsigned char>(c) >= 0x80;
      if (!good) return fmt::format("template: :{}: bad character U+{:04X} '{}'", line, static_cast<unsigned>(c), c);
      if (c == '\n') ++line;
      ++at;
    }
    at += 2;
  }
}

}  // namespace kumasim::cp
