#include "reference-cp/app/kumactl/yaml_text.hpp"

#include <algorithm>
#include <string_view>

namespace kumasim::cp {

namespace {

using nlohmann::json;

/// Whether a plain scalar would be read as this very text; where in doubt, no.
bool plain(std::string_view text) {
  static constexpr std::string_view words[] = {"y",    "n",     "yes",  "no",  "on", "off",
                                               "true", "false", "null", "nan", "inf"};
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  auto first = text.front();
  auto letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '/';
  if (!letter) return false;
  std::string lower;
  for (auto c : text) {
    if (c < ' ' || c > '~') return false;
    lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) return false;
  return std::find(std::begin(words), std::end(words), lower) == std::end(words);
}

/// Go's printer writes addresses plainly ("127.0.0.1:80" is no number).
bool address(std::string_view text) {
  auto dots = std::count(text.begin(), text.end(), '.');
  return dots >= 2 && text.find_first_not_of("0123456789.:/") == std::string_view::npos && text.back() != ':' &&
         text.front() != '.' && text.front() != ':' && text.front() != '/';
}

/// "5m0s", "1.5s", "100ms", "1d": a digit in front, but no number of YAML.
bool duration(std::string_view text) {
  if (text.empty()) return false;
  while (!text.empty()) {
    auto number = std::min(text.find_first_not_of("0123456789."), text.size());
    auto end = std::min(text.find_first_of("0123456789.", number), text.size());
    auto unit = text.substr(number, end - number);
    auto known =
        unit == "s" || unit == "m" || unit == "h" || unit == "d" || unit == "ms" || unit == "us" || unit == "ns";
    if (number == 0 || text.front() == '.' || !known) return false;
    text.remove_prefix(end);
  }
  return true;
}

bool literal(const std::string& text) {
  if (text.find('\n') == std::string::npos || text.front() == ' ' || text.front() == '\n') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
}

std::string scalar(const json& value, const std::string& indent) {
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  if (plain(text) || address(text) || duration(text)) return text;
  if (!literal(text)) return value.dump();
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
      out += (plain(key) || address(key) || duration(key) ? key : json(key).dump()) + ":";
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
    if (empty_or_scalar(item)) out += scalar(item, indent + "  ") + "\n";
    else print(item, indent + "  ", true, out);
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
