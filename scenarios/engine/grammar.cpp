/// Checking a document against a grammar, and the grammar as JSON Schema.
#include "kumasim/scenario/grammar.hpp"

#include <algorithm>
#include <regex>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kumasim::scenario {
namespace {

using Type = Grammar::Type;

std::string shown(const nlohmann::json& value) {
  if (value.is_null()) return "nothing";
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  std::string text = value.is_string() ? "`" + value.get<std::string>() + "`" : value.dump();
  return text.size() > 60 ? text.substr(0, 57) + "...`" : text;
}

std::string wanted(const Grammar& grammar) {
  if (!grammar.what.empty()) return grammar.what;
  switch (grammar.type) {
    case Type::string: return "text";
    case Type::integer: return fmt::format("a whole number from {} to {}", grammar.least, grammar.most);
    case Type::number: return fmt::format("a number from {} to {}", grammar.least, grammar.most);
    case Type::boolean: return "true or false";
    case Type::enumeration: return fmt::format("one of {}", fmt::join(grammar.values, ", "));
    case Type::list: return "a list";
    case Type::object:
    case Type::map:
    case Type::resource: return "an object";
    case Type::any_of: break;
  }
  std::vector<std::string> parts;
  for (const GrammarPtr& alternative : grammar.alternatives) parts.push_back(wanted(*alternative));
  return fmt::format("{}", fmt::join(parts, " or "));
}

bool shape_fits(const Grammar& grammar, const nlohmann::json& value) {
  switch (grammar.type) {
    case Type::string:
    case Type::enumeration: return value.is_string();
    case Type::integer: return value.is_number_integer();
    case Type::number: return value.is_number();
    case Type::boolean: return value.is_boolean();
    case Type::list: return value.is_array();
    case Type::object:
    case Type::map:
    case Type::resource: return value.is_object();
    case Type::any_of: return true;
  }
  return false;
}

class Checker {
 public:
  Checker(const Document& document, Diagnostics& out) : document_(document), out_(out) {}

  void check(const Grammar& grammar, const nlohmann::json& value, const std::string& path) {
    if (!shape_fits(grammar, value)) {
      complain(path, fmt::format("expected {}, found {}", wanted(grammar), shown(value)));
      return;
    }
    switch (grammar.type) {
      case Type::string: return check_string(grammar, value, path);
      case Type::enumeration: return check_enumeration(grammar, value, path);
      case Type::integer:
        if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(grammar.most)) break;
        if (value.get<std::int64_t>() >= grammar.least && value.get<std::int64_t>() <= grammar.most) return;
        break;
      case Type::number:
        if (value.get<double>() >= static_cast<double>(grammar.least) &&
            value.get<double>() <= static_cast<double>(grammar.most))
          return;
        break;
      case Type::boolean:
      case Type::resource: return;
      case Type::list: return check_list(grammar, value, path);
      case Type::map:
        for (const auto& [key, item] : value.items()) check(*grammar.element, item, child_path(path, key));
        return;
      case Type::object: return check_object(grammar, value, path);
      case Type::any_of: return check_any_of(grammar, value, path);
    }
    complain(path, fmt::format("expected {}, found {}", wanted(grammar), shown(value)));
  }

 private:
  void complain(const std::string& path, std::string message, std::string hint = {}) {
    out_.push_back(document_.complain(path, std::move(message), std::move(hint)));
  }

  void check_string(const Grammar& grammar, const nlohmann::json& value, const std::string& path) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() > 4096 || (!grammar.pattern.empty() && !std::regex_search(text, std::regex(grammar.pattern)))) {
      complain(path, fmt::format("expected {}, found {}", wanted(grammar), shown(value)));
    }
  }

  void check_enumeration(const Grammar& grammar, const nlohmann::json& value, const std::string& path) {
    const auto& text = value.get_ref<const std::string&>();
    if (std::ranges::find(grammar.values, text) != grammar.values.end()) return;
    std::string near = nearest(text, grammar.values);
    complain(path, fmt::format("expected {}, found {}", wanted(grammar), shown(value)),
             near.empty() ? "" : fmt::format("did you mean `{}`?", near));
  }

  void check_list(const Grammar& grammar, const nlohmann::json& value, const std::string& path) {
    auto size = static_cast<long long>(value.size());
    if (size < grammar.least || (grammar.most > 0 && size > grammar.most)) {
      std::string limit = grammar.least == grammar.most ? fmt::format("exactly {}", grammar.least)
                          : grammar.most > 0            ? fmt::format("{} to {}", grammar.least, grammar.most)
                                                        : fmt::format("at least {}", grammar.least);
      complain(path, fmt::format("expected a list of {} items, found {}", limit, size));
    }
    std::size_t index = 0;
    for (const auto& item : value) check(*grammar.element, item, child_path(path, index++));
  }

  void check_object(const Grammar& grammar, const nlohmann::json& value, const std::string& path) {
    std::vector<std::string> names;
    for (const GrammarField& field : grammar.fields) names.push_back(field.name);
    for (const auto& [key, item] : value.items()) {
      auto field = std::ranges::find(grammar.fields, key, &GrammarField::name);
      if (field != grammar.fields.end()) {
        check(*field->grammar, item, child_path(path, key));
        continue;
      }
      std::string near = nearest(key, names);
      complain(child_path(path, key), fmt::format("unknown field; expected one of {}", fmt::join(names, ", ")),
               near.empty() ? "" : fmt::format("did you mean `{}`?", near));
    }
    for (const GrammarField& field : grammar.fields) {
      if (field.required && !value.contains(field.name)) {
        complain(path, fmt::format("field `{}` is missing: {}", field.name, wanted(*field.grammar)));
      }
    }
    if (grammar.exactly_one && value.size() != 1) {
      complain(path, fmt::format("expected exactly one of {}, found {} fields", fmt::join(names, ", "), value.size()));
    }
  }

  void check_any_of(const Grammar& grammar, const nlohmann::json& value, const std::string& path) {
    const Grammar* shape = nullptr;
    for (const GrammarPtr& alternative : grammar.alternatives) {
      Diagnostics attempt;
      Checker(document_, attempt).check(*alternative, value, path);
      if (attempt.empty()) return;
      if (shape == nullptr && shape_fits(*alternative, value)) shape = alternative.get();
    }
    if (shape != nullptr && (shape->type == Type::object || shape->type == Type::list))
      return check(*shape, value, path);
    complain(path, fmt::format("expected {}, found {}", wanted(grammar), shown(value)));
  }

  const Document& document_;
  Diagnostics& out_;
};

}  // namespace

void check(const Grammar& grammar, const Document& document, Diagnostics& out) {
  std::size_t first = out.size();
  Checker(document, out).check(grammar, document.value, "");
  std::ranges::stable_sort(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(), {}, &Diagnostic::mark);
}

nlohmann::json json_schema(const Grammar& grammar) {
  nlohmann::json out = nlohmann::json::object();
  if (!grammar.what.empty()) out["description"] = grammar.what;
  switch (grammar.type) {
    case Type::string:
      out["type"] = "string";
      if (!grammar.pattern.empty()) out["pattern"] = grammar.pattern;
      break;
    case Type::integer:
      out["type"] = "integer";
      out["minimum"] = grammar.least;
      out["maximum"] = grammar.most;
      break;
    case Type::number:
      out["type"] = "number";
      out["minimum"] = grammar.least;
      out["maximum"] = grammar.most;
      break;
    case Type::boolean: out["type"] = "boolean"; break;
    case Type::enumeration: out["enum"] = grammar.values; break;
    case Type::list:
      out["type"] = "array";
      out["items"] = json_schema(*grammar.element);
      if (grammar.least > 0) out["minItems"] = grammar.least;
      if (grammar.most > 0) out["maxItems"] = grammar.most;
      break;
    case Type::map:
      out["type"] = "object";
      out["additionalProperties"] = json_schema(*grammar.element);
      break;
    case Type::resource: out["type"] = "object"; break;
    case Type::any_of:
      for (const GrammarPtr& alternative : grammar.alternatives) out["anyOf"].push_back(json_schema(*alternative));
      break;
    case Type::object:
      out["type"] = "object";
      out["additionalProperties"] = false;
      out["properties"] = nlohmann::json::object();
      for (const GrammarField& field : grammar.fields) {
        nlohmann::json property = json_schema(*field.grammar);
        if (!field.text.empty()) property["description"] = field.text;
        out["properties"][field.name] = std::move(property);
        if (field.required) out["required"].push_back(field.name);
      }
      if (grammar.exactly_one) {
        out["minProperties"] = 1;
        out["maxProperties"] = 1;
      }
      break;
  }
  return out;
}

}  // namespace kumasim::scenario
