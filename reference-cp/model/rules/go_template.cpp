/// Reads the actions of a template, `{{ ... }}`, character by character.
#include "reference-cp/model/rules/go_template.hpp"

#include <algorithm>
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

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view identifier(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && (std::isalnum(static_cast<unsigned char>(text[size])) || text[size] == '_')) ++size;
  return text.substr(0, size);
}

/// What one action prints; an error in Go's words for what is no field.
Result<std::string> run_action(std::string_view action, int line, const std::map<std::string, std::string>& values) {
  if (action.starts_with("/*")) return std::string();
  if (action.empty())
    return fail(Code::invalid_argument, fmt::format("template: :{}: missing value for command", line));
  if (action.front() == '.') {
    std::string_view name = action.substr(1);
    auto found = values.find(std::string(name));
    if (found != values.end()) return found->second;
    if (!name.empty() && identifier(name) == name) return std::string("<no value>");
  }
  if ((action.front() == '"' || action.front() == '`') && action.size() > 1 && action.back() == action.front() &&
      action.find(action.front(), 1) == action.size() - 1) {
    return std::string(action.substr(1, action.size() - 2));
  }
  std::string_view name = identifier(action);
  if (!name.empty() && !std::isdigit(static_cast<unsigned char>(name.front()))) {
    return fail(Code::invalid_argument, fmt::format("template: :{}: function {} not defined", line, go_quoted(name)));
  }
  return fail(Code::invalid_argument, fmt::format("template: :{}: unexpected {} in command", line, go_quoted(action)));
}

}  // namespace

Result<std::string> render_go_template(std::string_view text, const std::map<std::string, std::string>& values) {
  const std::string_view whole = text;
  std::string out;
  int line = 1;
  bool trim_next = false;
  while (true) {
    auto open = text.find("{{");
    std::string_view plain = text.substr(0, open);
    for (char c : plain) line += c == '\n' ? 1 : 0;
    if (trim_next) {
      while (!plain.empty() && is_blank(plain.front())) plain.remove_prefix(1);
    }
    out += plain;
    if (open == std::string_view::npos) break;
    text.remove_prefix(open + 2);
    auto close = text.find("}}");
    std::string_view action = text.substr(0, close);
    // Go parses as it reads: an unknown function is found before the end that is missing.
    bool calls = !identifier(trimmed(action)).empty();
    if (close == std::string_view::npos && !calls) break;
    text.remove_prefix(std::min(text.size(), action.size() + 2));
    if (action.starts_with("- ")) {
      while (!out.empty() && is_blank(out.back())) out.pop_back();
      action.remove_prefix(2);
    }
    trim_next = action.ends_with(" -");
    if (trim_next) action.remove_suffix(2);
    auto printed = run_action(trimmed(action), line, values);
    if (!printed) {
      std::string error = calls ? std::string() : go_template_error(whole);
      return error.empty() ? std::move(printed) : fail(Code::invalid_argument, error);
    }
    out += *printed;
  }
  if (std::string error = go_template_error(whole); !error.empty()) return fail(Code::invalid_argument, error);
  return out;
}

std::string go_quoted(std::string_view text) {
  constexpr std::string_view named = "\a\b\f\n\r\t\v", names = "abfnrtv";
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (auto at = named.find(c); at != std::string_view::npos) {
      out += '\\';
      out += names[at];
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace kumasim::cp
