/// Layout by yaml-cpp's emitter; the order and the style of each value are chosen here.
#include "scenarios/explore/document_text.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "kumasim/scenario/grammar.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

constexpr std::size_t line_max = 100;  // characters of a value on one line
constexpr int depth_of_blocks = 2;     // the document, its spec and its metadata are never on one line

/// The grammar of the value, where it has one.
const Grammar* fitting(const Grammar* grammar, const json& value) {
  if (grammar == nullptr || grammar->type != Grammar::Type::any_of) return grammar;
  for (const GrammarPtr& alternative : grammar->alternatives) {
    const Grammar* found = fitting(alternative.get(), value);
    if (found == nullptr) continue;
    bool fits = (found->type == Grammar::Type::object && value.is_object()) ||
                (found->type == Grammar::Type::list && value.is_array());
    if (fits) return found;
  }
  return nullptr;
}

/// What names a Kuma resource stands first.
std::vector<std::string> ordered_keys(const Grammar* grammar, const json& value) {
  static constexpr std::array<const char*, 7> first{"apiVersion", "kind",     "type",     "mesh",
                                                    "name",       "metadata", "targetRef"};
  std::vector<std::string> out;
  auto add = [&](const std::string& key) {
    if (value.contains(key) && std::ranges::find(out, key) == out.end()) out.push_back(key);
  };
  if (grammar != nullptr && grammar->type == Grammar::Type::object) {
    for (const GrammarField& field : grammar->fields) add(field.name);
  } else {
    for (const char* key : first) add(key);
  }
  for (const auto& [key, item] : value.items()) add(key);
  return out;
}

const Grammar* grammar_of(const Grammar* parent, const std::string& key) {
  if (parent == nullptr) return nullptr;
  if (parent->type == Grammar::Type::map) return parent->element.get();
  auto field = std::ranges::find(parent->fields, key, &GrammarField::name);
  return field == parent->fields.end() ? nullptr : field->grammar.get();
}

/// A text that no reader of YAML takes for anything else.
bool plain(const std::string& text) {
  static constexpr std::array<const char*, 9> words{"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/'; };
  auto inside = [&](char c) {
    return word(c) || (c >= '0' && c <= '9') || std::string_view(".%()<>=- ").find(c) != std::string_view::npos;
  };
  if (text.empty() || text.back() == ' ' || !std::ranges::all_of(text, inside)) return false;
  bool digit = text[0] >= '0' && text[0] <= '9';
  // 20s and 99.9% are texts; 20, 2.5, 1e3 and 0x1 are not.
  bool unit = digit && (word(text.back()) || text.back() == '%') && text.find_first_of("eExXoO_") == std::string::npos;
  if (digit) return unit;
  std::string lower = text;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return word(text[0]) && std::ranges::find(words, lower) == words.end();
}

void emit(YAML::Emitter& out, const Grammar* grammar, const json& value, int depth) {
  grammar = fitting(grammar, value);
  if (value.is_structured()) {
    bool line = depth >= depth_of_blocks && value.dump().size() <= line_max;
    if (line || value.empty())
      out << YAML::Flow;
    else
      out << YAML::Block;
  }
  if (value.is_object()) {
    out << YAML::BeginMap;
    for (const std::string& key : ordered_keys(grammar, value)) {
      out << YAML::Key;
      if (!plain(key)) out << YAML::DoubleQuoted;
      out << key << YAML::Value;
      emit(out, grammar_of(grammar, key), value[key], depth + 1);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    out << YAML::BeginSeq;
    for (const json& item : value) emit(out, grammar == nullptr ? nullptr : grammar->element.get(), item, depth + 1);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (!plain(text)) out << YAML::DoubleQuoted;
    out << text;
  } else if (value.is_null()) {
    out << YAML::Null;
  } else {
    out << value.dump();
  }
}

}  // namespace

std::string document_text(const json& document) {
  YAML::Emitter out;
  emit(out, &scenario_grammar(), document, 0);
  return std::string(out.c_str()) + "\n";
}

std::string comment_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    out += end == 0 ? "#\n" : "# " + std::string(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace kumasim::scenario
