/// Kubernetes' rules for schemas of custom resources, and what such a schema makes of an object (Kubernetes docs,
/// "Extend the Kubernetes API with CustomResourceDefinitions", "Specifying a structural schema" and "Field pruning").
#pragma once

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

namespace kumasim::cp::testing {

inline bool says(const nlohmann::json& schema, const char* extension) { return schema.value(extension, false); }

inline bool is_of_type(const nlohmann::json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  return type == "number" && value.is_number();
}

/// The first part of a value that the API server would refuse, or drop because the schema does not have it; "" where it
/// keeps all.
inline std::string misfit(const nlohmann::json& schema, const nlohmann::json& value, const std::string& at) {
  if (value.is_null() && says(schema, "nullable")) return "";
  if (says(schema, "x-kubernetes-int-or-string"))
    return value.is_number_integer() || value.is_string() ? "" : at + ": neither a number nor a text";
  if (schema.contains("type") && !is_of_type(value, schema["type"]))
    return at + ": not of type " + schema["type"].get<std::string>();
  if (schema.contains("enum") && std::ranges::find(schema["enum"], value) == schema["enum"].end())
    return at + ": none of the values";
  if (schema.contains("minimum") && value < schema["minimum"]) return at + ": too small";
  if (schema.contains("maximum") && value > schema["maximum"]) return at + ": too large";
  if (value.is_string()) {
    auto length = std::ranges::count_if(value.get_ref<const std::string&>(),
                                        [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    if (schema.contains("minLength") && length < schema["minLength"].get<std::ptrdiff_t>()) return at + ": too short";
    if (schema.contains("maxLength") && length > schema["maxLength"].get<std::ptrdiff_t>()) return at + ": too long";
  }
  if (value.is_array()) {
    if (schema.contains("minItems") && value.size() < schema["minItems"].get<std::size_t>()) return at + ": too few";
    if (schema.contains("maxItems") && value.size() > schema["maxItems"].get<std::size_t>()) return at + ": too many";
    for (std::size_t i = 0; schema.contains("items") && i < value.size(); ++i)
      if (auto wrong = misfit(schema["items"], value[i], at + "[" + std::to_string(i) + "]"); !wrong.empty())
        return wrong;
  }
  if (!value.is_object()) return "";
  if (schema.contains("required"))
    for (const auto& name : schema["required"])
      if (!value.contains(name.get<std::string>())) return at + "." + name.get<std::string>() + ": required";
  // The API server sees to an object's metadata itself.
  if (schema == nlohmann::json{{"type", "object"}} && at.ends_with(".metadata")) return "";
  for (const auto& [name, inner] : value.items()) {
    const std::string place = at + "." + name;
    std::string wrong;
    if (schema.contains("properties") && schema["properties"].contains(name))
      wrong = misfit(schema["properties"][name], inner, place);
    else if (schema.contains("additionalProperties"))
      wrong = misfit(schema["additionalProperties"], inner, place);
    else if (!says(schema, "x-kubernetes-preserve-unknown-fields"))
      wrong = place + ": dropped";
    if (!wrong.empty()) return wrong;
  }
  return "";
}

/// The first thing that makes a schema not structural, or "".
inline std::string unstructural(const nlohmann::json& schema, const std::string& at) {
  for (const char* forbidden : {"$ref", "definitions", "dependencies", "deprecated", "discriminator", "id",
                                "patternProperties", "readOnly", "writeOnly", "xml", "allOf", "oneOf", "not"})
    if (schema.contains(forbidden)) return at + ": " + forbidden;
  const bool number_or_text = says(schema, "x-kubernetes-int-or-string");
  const nlohmann::json number_and_text =
      nlohmann::json::array({nlohmann::json{{"type", "integer"}}, nlohmann::json{{"type", "string"}}});
  if (schema.contains("anyOf") && !(number_or_text && schema["anyOf"] == number_and_text)) return at + ": anyOf";
  const bool typed = schema.contains("type") && schema["type"].is_string();
  if (typed == number_or_text && !says(schema, "x-kubernetes-preserve-unknown-fields")) return at + ": type";
  if (typed && schema["type"] == "array" && !schema.contains("items")) return at + ": items";
  if (schema.value("uniqueItems", false)) return at + ": uniqueItems";
  const bool free = schema.contains("additionalProperties");
  if (free && (schema.contains("properties") || !schema["additionalProperties"].is_object()))
    return at + ": additionalProperties";
  if (schema.contains("default"))
    if (auto wrong = misfit(schema, schema["default"], at + ": default"); !wrong.empty()) return wrong;
  if (schema.contains("properties"))
    for (const auto& [name, inner] : schema["properties"].items())
      if (auto wrong = unstructural(inner, at + "." + name); !wrong.empty()) return wrong;
  for (const char* element : {"items", "additionalProperties"})
    if (schema.contains(element))
      if (auto wrong = unstructural(schema[element], at + "." + element); !wrong.empty()) return wrong;
  return "";
}

}  // namespace kumasim::cp::testing
