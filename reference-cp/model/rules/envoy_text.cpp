/// Reads the text as YAML and looks at its top level.
#include "reference-cp/model/rules/envoy_text.hpp"

#include <fmt/format.h>

#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

/// The object that a text holds, or why there is none: Kuma hands text that is no YAML to a JSON decoder.
std::string read(std::string_view text, json& out) {
  auto documents = parse_yaml(text, "");
  if (!documents) {
    auto first = text.find_first_not_of(" \t\r\n");
    char c = first == std::string_view::npos ? '{' : text[first];
    if (c == '{' || c == '[' || c == '"') return "unexpected EOF";
    return fmt::format("invalid character '{}' looking for beginning of value", c);
  }
  out = documents->empty() ? json() : documents->front().value;
  if (out.is_null() || out.is_object()) return "";
  const char* type = out.is_string() ? "string" : (out.is_array() ? "array" : (out.is_boolean() ? "bool" : "number"));
  return fmt::format("json: cannot unmarshal {} into Go value of type map[string]json.RawMessage", type);
}

/// Envoy's validation rules: these messages have to have a name.
std::string name_error(const json& value, std::string_view type) {
  bool named = type == "Cluster" || type == "VirtualHost" || type == "Filter" || type == "HttpFilter";
  if (!named || !text_at(value, "name").empty()) return "";
  return fmt::format("invalid {}.Name: value length must be at least 1 runes", type);
}

}  // namespace

std::string envoy_message_error(std::string_view text, std::string_view type, bool whole) {
  json value;
  std::string error = read(text, value);
  if (error.empty() && whole) error = name_error(value, type);
  return error;
}

std::string envoy_any_error(std::string_view text) {
  json value;
  std::string error = read(text, value);
  if (!error.empty()) return error;
  std::string url = text_at(value, "@type");
  if (url.empty()) return "Any JSON doesn't have '@type'";
  auto dot = url.rfind('.');
  return name_error(value, dot == std::string::npos ? url : url.substr(dot + 1));
}

}  // namespace kumasim::cp
