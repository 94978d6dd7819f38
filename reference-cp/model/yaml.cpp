/// YAML to JSON over yaml-cpp.
#include "reference-cp/model/yaml.hpp"

#include <charconv>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/utf8.hpp"
#include "reference-cp/model/violation.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

/// A problem at a place; thrown inside this file only.
struct Trouble {
  YAML::Mark mark;
  std::string message;
};

YamlMark to_mark(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {mark.line + 1, mark.column + 1};
}

bool is_one_of(const std::string& text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

/// Decimal, or 0x, 0o, 0b, or octal with a leading zero; underscores between digits.
bool parse_integer(std::string text, json& out) {
  std::erase(text, '_');
  bool negative = false;
  std::string_view digits = text;
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) {
    negative = digits[0] == '-';
    digits.remove_prefix(1);
  }
  int base = 10;
  if (digits.starts_with("0x")) base = 16;
  if (digits.starts_with("0o")) base = 8;
  if (digits.starts_with("0b")) base = 2;
  if (base != 10) digits.remove_prefix(2);
  if (base == 10 && digits.size() > 1 && digits[0] == '0') base = 8;
  if (digits.empty()) return false;
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return false;
  if (!negative) {
    if (value <= static_cast<std::uint64_t>(INT64_MAX))
      out = static_cast<std::int64_t>(value);
    else
      out = value;
    return true;
  }
  if (value > static_cast<std::uint64_t>(INT64_MAX)) return false;
  out = -static_cast<std::int64_t>(value);
  return true;
}

bool parse_float(const std::string& text, json& out) {
  std::size_t i = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  std::size_t whole = 0, part = 0;
  while (i < text.size() && std::isdigit(static_cast<unsigned char>(text[i]))) ++i, ++whole;
  if (i < text.size() && text[i] == '.') {
    ++i;
    while (i < text.size() && std::isdigit(static_cast<unsigned char>(text[i]))) ++i, ++part;
  }
  if (whole + part == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    std::size_t exponent = 0;
    while (i < text.size() && std::isdigit(static_cast<unsigned char>(text[i]))) ++i, ++exponent;
    if (exponent == 0) return false;
  }
  if (i != text.size()) return false;
  const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
  double value = 0;
  auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  out = value;
  return true;
}

json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  const std::string& tag = node.Tag();
  if (tag == "!" || tag == "tag:yaml.org,2002:str") return text;
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (is_one_of(text, {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) return true;
  if (is_one_of(text, {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) return false;
  json number;
  if (parse_integer(text, number) || parse_float(text, number)) return number;
  return text;
}

constexpr int depth_max = 200;
/// Aliases let a short file stand for a huge one.
constexpr int nodes_max = 100'000;

/// yaml-cpp takes a quoted text that the end of the file cuts off after a line break; nobody means that.
bool is_cut_off(std::string_view text, const YAML::Mark& mark) {
  if (mark.is_null() || mark.pos < 0 || static_cast<std::size_t>(mark.pos) >= text.size()) return false;
  char quote = text[static_cast<std::size_t>(mark.pos)];
  if (quote != '"' && quote != '\'') return false;
  for (auto at = static_cast<std::size_t>(mark.pos) + 1; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      bool doubled = quote == '\'' && at + 1 < text.size() && text[at + 1] == quote;
      if (!doubled) return false;
      ++at;
    }
  }
  return true;
}

/// Refuses a text of which yaml-cpp (0.7) makes documents without end: it leaves a comma outside of brackets ("{},")
/// where it is, and finds an empty document there again and again.
class Progress final : public YAML::EventHandler {
 public:
  static void check(std::string_view text) {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    Progress progress;
    while (parser.HandleNextDocument(progress)) {
    }
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos <= last_) throw Trouble{mark, "a bracket or a comma that belongs to nothing"};
    last_ = mark.pos;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  int last_ = -1;
};

class Reader {
 public:
  Reader(YamlDocument& out, std::string_view text) : out_(out), text_(text) {}

  json read(const YAML::Node& node, const Path& path, int depth = 0) {
    if (depth > depth_max) throw Trouble{node.Mark(), fmt::format("nested deeper than {} levels", depth_max)};
    if (++nodes_ > nodes_max) throw Trouble{node.Mark(), fmt::format("more than {} values", nodes_max)};
    if (!node.IsDefined() || node.IsNull()) return nullptr;
    if (node.IsScalar()) {
      if (is_cut_off(text_, node.Mark())) throw Trouble{node.Mark(), "a quoted text has no end"};
      return scalar(node);
    }
    if (node.IsSequence()) {
      json list = json::array();
      for (std::size_t i = 0; i < node.size(); ++i) {
        Path item = path.at(i);
        out_.marks[item.text()] = to_mark(node[i].Mark());
        list.push_back(read(node[i], item, depth + 1));
      }
      return list;
    }
    json object = json::object();
    std::set<std::string> keys;  // its own: what a merge brings gives way to them
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) throw Trouble{entry.first.Mark(), "a key must be text"};
      const std::string& key = entry.first.Scalar();
      if (key == "<<" && entry.second.IsMap()) {
        for (const auto& [name, value] : read(entry.second, path, depth + 1).items()) {
          if (!object.contains(name)) object[name] = value;
        }
        continue;
      }
      if (!keys.insert(key).second)
        throw Trouble{entry.first.Mark(), "key \"" + key + "\" is given twice"};
      Path field = path.at(key);
      out_.marks[field.text()] = to_mark(entry.first.Mark());
      object[key] = read(entry.second, field, depth + 1);
    }
    return object;
  }

 private:
  YamlDocument& out_;
  std::string_view text_;
  int nodes_ = 0;
};

/// Whether a text of several lines reads as itself in literal style: that ends with one line break, takes its
/// indentation from the first line, and has no escapes.
bool is_block(std::string_view text) {
  bool ends_once = text.ends_with('\n') && !text.ends_with("\n\n");
  bool begins = !text.empty() && text.front() != ' ' && text.front() != '\t' && text.front() != '\n';
  auto plain = [](char c) { return c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); };
  return ends_once && begins && std::ranges::all_of(text, plain);
}

void emit(YAML::Emitter& out, const json& value) {
  if (value.is_object()) {
    if (value.empty()) out << YAML::Flow;
    out << YAML::BeginMap;
    for (const auto& [key, item] : value.items()) {
      out << YAML::Key << key << YAML::Value;
      emit(out, item);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    if (value.empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const auto& item : value) emit(out, item);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    YAML::Node probe(text);
    bool plain_is_text = scalar(probe).is_string();
    bool lines = text.find('\n') != std::string::npos;
    if (!plain_is_text || (lines && !is_block(text))) out << YAML::DoubleQuoted;
    if (plain_is_text && lines && is_block(text)) out << YAML::Literal;
    out << text;
  } else if (value.is_null()) {
    out << YAML::Null;
  } else {
    out << value.dump();
  }
}

}  // namespace

YamlMark YamlDocument::mark(std::string_view path) const {
  while (!path.empty()) {
    auto found = marks.find(path);
    if (found != marks.end()) return found->second;
    auto cut = path.find_last_of(".[");
    path = cut == std::string_view::npos ? std::string_view() : path.substr(0, cut);
  }
  return start;
}

std::string YamlDocument::place(std::string_view file, std::string_view path) const {
  YamlMark at = mark(path);
  return fmt::format("{}:{}:{}", file, at.line, at.column);
}

Result<std::vector<YamlDocument>> parse_yaml(std::string_view text, std::string_view file) {
  std::vector<YamlDocument> out;
  if (auto end = utf8_end(text); end != text.size()) {
    auto before = text.substr(0, end);
    auto line = std::ranges::count(before, '\n') + 1;
    auto column = end - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
    return fail(Code::invalid_argument,
                fmt::format("{}:{}:{}: not valid YAML: a byte that is not UTF-8", file, line, column));
  }
  try {
    Progress::check(text);
    for (const auto& node : YAML::LoadAll(std::string(text))) {
      YamlDocument document;
      document.start = to_mark(node.Mark());
      document.value = Reader(document, text).read(node, {});
      out.push_back(std::move(document));
    }
  } catch (const YAML::Exception& error) {
    YamlMark at = to_mark(error.mark);
    return fail(Code::invalid_argument,
                fmt::format("{}:{}:{}: not valid YAML: {}", file, at.line, at.column, error.msg));
  } catch (const Trouble& trouble) {
    YamlMark at = to_mark(trouble.mark);
    return fail(Code::invalid_argument,
                fmt::format("{}:{}:{}: not valid YAML: {}", file, at.line, at.column, trouble.message));
  }
  return out;
}

std::string print_yaml(const json& value) {
  YAML::Emitter out;
  emit(out, value);
  return std::string(out.c_str(), out.size()) + "\n";
}

Result<Resource> resource_from_yaml(std::string_view text) {
  auto all = resources_from_yaml(text, "resource");
  if (!all) return fail(all.error());
  if (all->size() != 1)
    return fail(Code::invalid_argument, fmt::format("expected one resource, found {}", all->size()));
  return std::move(all->front());
}

Result<Resource> resource_from_document(const YamlDocument& document, std::string_view file) {
  auto form = universal_form(document.value);
  if (!form) {
    return fail(form.error().code,
                fmt::format("{}: {}", document.place(file, form.error().field), form.error().message),
                form.error().field);
  }
  auto resource = decode(*form->kind, form->body, UnknownFields::refuse);
  if (!resource) {
    const DecodeError& error = resource.error();
    std::string message, first;
    for (const auto& violation : error.violations.list()) {
      std::string path = violation.field;
      bool below_spec = form->kubernetes && form->kind->wire() == Wire::flat && document.marks.contains("spec." + path);
      if (below_spec) path = "spec." + path;
      if (form->kubernetes && (path == "name" || path == "labels")) path = "metadata." + path;
      message += fmt::format("{}{}: {}{}", message.empty() ? "" : "\n", document.place(file, path),
                             violation.field.empty() ? "" : violation.field + ": ", violation.message);
      if (first.empty()) first = violation.field;
    }
    if (message.empty()) message = fmt::format("{}: {}", document.place(file, ""), error.reason);
    return fail(Code::invalid_argument, std::move(message), std::move(first));
  }
  if (resource->meta.name.empty()) {
    return fail(Code::invalid_argument, fmt::format("{}: name: missing", document.place(file, "")), "name");
  }
  return *std::move(resource);
}

Result<std::vector<Resource>> resources_from_yaml(std::string_view text, std::string_view file) {
  auto documents = parse_yaml(text, file);
  if (!documents) return fail(documents.error());
  std::vector<Resource> out;
  for (const auto& document : *documents) {
    if (document.value.is_null()) continue;
    auto resource = resource_from_document(document, file);
    if (!resource) return fail(resource.error());
    out.push_back(*std::move(resource));
  }
  return out;
}

}  // namespace kumasim::cp
