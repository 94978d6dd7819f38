/// The shape of scenario files, declared once: the loader checks against it and the JSON Schema is printed from it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/scenario/document.hpp"

namespace kumasim::scenario {

struct Grammar;
using GrammarPtr = std::shared_ptr<const Grammar>;

struct GrammarField {
  std::string name;
  GrammarPtr grammar;
  std::string text;  // one line for people
  bool required = false;
};

struct Grammar {
  enum class Type { string, integer, number, boolean, enumeration, list, object, map, any_of, resource };

  Type type = Type::string;
  std::string what = {};                      // "a duration such as 500ms, 20s or 1h30m": named in errors
  std::string pattern = {};                   // string: ECMAScript regular expression
  std::vector<std::string> values = {};       // enumeration
  long long least = 0, most = 0;              // integer, number: range; list: number of items (most 0: no limit)
  GrammarPtr element = {};                    // list, map
  std::vector<GrammarField> fields = {};      // object
  bool exactly_one = false;                   // object: exactly one of its fields
  std::vector<GrammarPtr> alternatives = {};  // any_of
};

/// Everything in `document` under `path` that does not fit, in the order of the file.
void check(const Grammar& grammar, const Document& document, Diagnostics& out);

/// JSON Schema, draft 2020-12.
nlohmann::json json_schema(const Grammar& grammar);

/// The grammar of a scenario file.
const Grammar& scenario_grammar();

/// The committed scenarios/scenario.schema.json.
nlohmann::json scenario_json_schema();

}  // namespace kumasim::scenario
