/// Finds the first readable block of PEM.
#include "reference-cp/model/rules/pem.hpp"

#include <algorithm>

namespace kumasim::cp {
namespace {

bool is_base64(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

bool is_body(std::string_view body) {
  std::string text;
  for (char c : body) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') text += c;
  }
  if (text.size() % 4 != 0) return false;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.pop_back();
  return std::ranges::all_of(text, is_base64);
}

/// Lines of "Key: value" before the body.
std::string_view without_headers(std::string_view body) {
  while (true) {
    auto end = body.find('\n');
    if (end == std::string_view::npos || body.substr(0, end).find(':') == std::string_view::npos) return body;
    body.remove_prefix(end + 1);
  }
}

}  // namespace

std::string pem_type(std::string_view text) {
  constexpr std::string_view begin = "-----BEGIN ", dashes = "-----";
  while (true) {
    auto start = text.find(begin);
    if (start == std::string_view::npos) return "";
    bool at_line_start = start == 0 || text[start - 1] == '\n';
    text.remove_prefix(start + begin.size());
    auto line = std::min(text.find('\n'), text.size());
    auto close = text.substr(0, line).find(dashes);
    if (!at_line_start || close == std::string_view::npos || line == text.size()) continue;
    std::string type(text.substr(0, close));
    std::string end = "\n-----END " + type + "-----";
    auto stop = text.find(end);
    if (stop == std::string_view::npos || stop < line) continue;
    std::string_view after = text.substr(stop + end.size());
    after = after.substr(0, after.find('\n'));
    if (after.find_first_not_of(" \t\r") != std::string_view::npos) continue;
    std::string_view body = stop == line ? std::string_view() : text.substr(line + 1, stop - line - 1);
    if (is_body(without_headers(body))) return type;
  }
}

}  // namespace kumasim::cp
