/// A YAML (or JSON) text as JSON values, with the place in the file of each of them.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "kumasim/scenario/diagnostic.hpp"

namespace kumasim::scenario {

/// `marks` is keyed by field path, written as in diagnostics: `spec.faults[0].at`. A key of a map has the mark of the
/// key.
struct Document {
  std::string file;
  nlohmann::json value;
  std::map<std::string, Mark> marks;

  /// The mark of the field or of its nearest parent that has one.
  Mark mark(std::string path) const;
  Diagnostic complain(const std::string& path, std::string message, std::string hint = {}) const;
};

/// One document. Scalars are typed by YAML 1.2's core schema (so `on` and `yes` stay strings); a quoted scalar is a
/// string; duplicate keys, aliases into themselves and nesting beyond 64 levels are refused.
std::expected<Document, Diagnostic> parse_document(std::string_view text, std::string file);

/// All documents of a text, empty ones left out; for files of resources.
std::expected<std::vector<Document>, Diagnostic> parse_documents(std::string_view text, std::string file);

/// `path` + field: `a` + `b` = `a.b`; keys that are not plain words are written `a["b.c/d"]`.
std::string child_path(const std::string& path, std::string_view key);
std::string child_path(const std::string& path, std::size_t index);

}  // namespace kumasim::scenario
