/// YAML to JSON with marks, over yaml-cpp.
#include "kumasim/scenario/document.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace kumasim::scenario {
namespace {

constexpr int depth_max = 64;
constexpr std::size_t values_max = 200'000;

Mark to_mark(const YAML::Mark& mark) { return mark.is_null() ? Mark{} : Mark{mark.line + 1, mark.column + 1}; }

bool plain_word(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// A plain scalar by YAML 1.2's core schema.
nlohmann::json plain_scalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const char* first = text.data() + (text[0] == '+' ? 1 : 0);
  const char* last = text.data() + text.size();
  std::int64_t integer = 0;
  if (auto [end, error] = std::from_chars(first, last, integer); error == std::errc() && end == last) return integer;
  bool numeric = text.find_first_of("0123456789") != std::string::npos &&
                 text.find_first_not_of("0123456789+-.eE") == std::string::npos;
  double number = 0;
  if (numeric) {
    if (auto [end, error] = std::from_chars(first, last, number); error == std::errc() && end == last) return number;
  }
  return text;
}

class Converter {
 public:
  explicit Converter(Document& document) : document_(document) {}

  nlohmann::json convert(const YAML::Node& node, const std::string& path, int depth) {
    if (depth > depth_max) fail(node.Mark(), path, fmt::format("is nested deeper than {} levels", depth_max));
    if (++values_ > values_max) fail(node.Mark(), path, fmt::format("the file holds more than {} values", values_max));
    document_.marks.try_emplace(path, to_mark(node.Mark()));
    if (node.IsNull() || !node.IsDefined()) return nullptr;
    if (node.IsScalar()) return node.Tag() == "!" ? nlohmann::json(node.Scalar()) : plain_scalar(node.Scalar());
    if (node.IsSequence()) {
      nlohmann::json out = nlohmann::json::array();
      std::size_t index = 0;
      for (const YAML::Node& item : node) out.push_back(convert(item, child_path(path, index++), depth + 1));
      return out;
    }
    nlohmann::json out = nlohmann::json::object();
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) fail(entry.first.Mark(), path, "a key must be plain text");
      std::string key = entry.first.Scalar();
      std::string at = child_path(path, key);
      if (out.contains(key)) fail(entry.first.Mark(), at, "stands here twice");
      document_.marks[at] = to_mark(entry.first.Mark());
      out[key] = convert(entry.second, at, depth + 1);
    }
    return out;
  }

  struct Refused {
    Diagnostic diagnostic;
  };

 private:
  [[noreturn]] void fail(const YAML::Mark& mark, const std::string& path, std::string message) {
    throw Refused{{document_.file, to_mark(mark), path, std::move(message), {}}};
  }

  Document& document_;
  std::size_t values_ = 0;
};

}  // namespace

Mark Document::mark(std::string path) const {
  while (true) {
    if (auto found = marks.find(path); found != marks.end() && found->second.line > 0) return found->second;
    if (path.empty()) return {};
    std::size_t cut = path.find_last_of(".[");
    path = cut == std::string::npos ? std::string() : path.substr(0, cut);
  }
}

Diagnostic Document::complain(const std::string& path, std::string message, std::string hint) const {
  return {file, mark(path), path, std::move(message), std::move(hint)};
}

std::expected<std::vector<Document>, Diagnostic> parse_documents(std::string_view text, std::string file) {
  std::vector<Document> out;
  try {
    for (const YAML::Node& node : YAML::LoadAll(std::string(text))) {
      if (node.IsNull()) continue;
      Document document;
      document.file = file;
      document.value = Converter(document).convert(node, "", 0);
      out.push_back(std::move(document));
    }
  } catch (const YAML::Exception& error) {
    return std::unexpected(Diagnostic{file, to_mark(error.mark), "", "is not YAML: " + error.msg, {}});
  } catch (const Converter::Refused& refused) {
    return std::unexpected(refused.diagnostic);
  }
  return out;
}

std::expected<Document, Diagnostic> parse_document(std::string_view text, std::string file) {
  auto documents = parse_documents(text, file);
  if (!documents) return std::unexpected(documents.error());
  if (documents->empty()) return std::unexpected(Diagnostic{file, {1, 1}, "", "the file is empty", {}});
  if (documents->size() > 1) {
    return std::unexpected((*documents)[1].complain("", "a scenario file holds one document; this is the second"));
  }
  return std::move(documents->front());
}

std::string child_path(const std::string& path, std::string_view key) {
  if (!plain_word(key)) return fmt::format("{}[\"{}\"]", path, key);
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string child_path(const std::string& path, std::size_t index) { return fmt::format("{}[{}]", path, index); }

}  // namespace kumasim::scenario
