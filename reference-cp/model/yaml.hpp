/// YAML as JSON values, with the place of every field, so that an error can point at it.
///
/// Scalars are read as Kuma's reader reads them: quoted ones are text; plain ones may be null, a truth value (yes, no,
/// on and off too), a number, or text. Keys are text. Unlike there, a plain y or n is text.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {

/// Both count from 1; 0 means that the place is not known.
struct YamlMark {
  int line = 0;
  int column = 0;
};

class YamlDocument {
 public:
  nlohmann::json value;
  YamlMark start;

  /// The place of a field, by its path ("spec.to[0].targetRef"); of the nearest field around it where it is not there.
  YamlMark mark(std::string_view path) const;
  /// "file:line:column", for messages.
  std::string place(std::string_view file, std::string_view path) const;

  std::map<std::string, YamlMark, std::less<>> marks;
};

/// All documents, empty ones too (their value is null). An error's message starts with "file:line:column: ".
Result<std::vector<YamlDocument>> parse_yaml(std::string_view text, std::string_view file);

/// A value as YAML, in block style, keys in the order of the JSON object; ends with a line break.
std::string print_yaml(const nlohmann::json& value);

}  // namespace kumasim::cp
