#include "reference-cp/app/kumactl/yaml_text.hpp"

#include <algorithm>
#include <regex>
#include <string_view>

namespace kumasim::cp {

namespace {

using nlohmann::json;

/// Whether a plain scalar would be read as something other than text, by Kuma's reader or by an older one.
bool resolves(const std::string& text) {
  static constexpr std::string_view words[] = {"~",   "<<",   "=",     "y",    "n",    "yes",  "no",    "on",
                                               "off", "true", "false", "null", ".nan", ".inf", "+.inf", "-.inf"};
  static const std::regex number(
      "[-+]?(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|([0-9][0-9_]*(\\.[0-9_]*)?|\\.[0-9_]+)([eE][-+]?[0-9]+)?)");
  static const std::regex sexagesimal("[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\\.[0-9_]*)?");
  static const std::regex date("[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?");
  if (text.empty()) return true;
  std::string lower = text;
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (std::ranges::find(words, lower) != std::end(words)) return true;
  bool number_like =
      (text.front() >= '0' && text.front() <= '9') || text.front() == '+' || text.front() == '-' || text.front() == '.';
  return number_like && text.size() < 64 &&
         (std::regex_match(text, number) || std::regex_match(text, sexagesimal) || std::regex_match(text, date));
}

/// Whether a plain scalar in a block would be taken for syntax (YAML 1.1, section 5.3 and 7.3.3).
bool syntax(std::string_view text) {
  static constexpr std::string_view first = "#,[]{}&*!|>'\"%@`";
  if (text.starts_with("---") || text.starts_with("...") || text.front() == ' ' || text.back() == ' ') return true;
  if (first.find(text.front()) != std::string_view::npos || text.back() == ':') return true;
  bool lone = text.size() == 1 || text[1] == ' ';
  if (lone && (text.front() == '-' || text.front() == '?' || text.front() == ':')) return true;
  return text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos;
}

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

/// On one line, in the style that Go's printer chooses: double quotes where the type is in question, single ones where
/// the syntax is, none elsewhere.
std::string line(const std::string& text) {
  if (resolves(text) || !printable(text)) return json(text).dump();
  if (!syntax(text)) return text;
  std::string out = "'";
  for (char c : text) {
    out += c;
    if (c == '\'') out += c;
  }
  return out + "'";
}

bool literal(const std::string& text) {
  if (text.find('\n') == std::string::npos || text.front() == ' ' || text.front() == '\n') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
}

std::string scalar(const json& value, const std::string& indent) {
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  if (!literal(text)) return line(text);
  auto ends = text.size() - text.find_last_not_of('\n') - 1;
  std::string out = ends == 0 ? "|-" : ends == 1 ? "|" : "|+";
  std::size_t at = 0;
  while (at < text.size()) {
    auto end = std::min(text.find('\n', at), text.size());
    out += "\n" + (end == at ? std::string() : indent + text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

bool empty_or_scalar(const json& value) { return !value.is_structured() || value.empty(); }

void print(const json& value, const std::string& indent, bool first_line_begun, std::string& out) {
  auto begin = [&] { out += std::exchange(first_line_begun, false) ? std::string() : indent; };
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) {
      begin();
      out += line(key) + ":";
      if (empty_or_scalar(item)) {
        out += " " + scalar(item, indent + "  ") + "\n";
      } else {
        out += "\n";
        print(item, item.is_array() ? indent : indent + "  ", false, out);
      }
    }
    return;
  }
  for (const auto& item : value) {
    begin();
    out += "- ";
    if (empty_or_scalar(item))
      out += scalar(item, indent + "  ") + "\n";
    else
      print(item, indent + "  ", true, out);
  }
}

}  // namespace

std::string yaml_text(const json& value) {
  if (empty_or_scalar(value)) return scalar(value, "  ") + "\n";
  std::string out;
  print(value, "", false, out);
  return out;
}

}  // namespace kumasim::cp
